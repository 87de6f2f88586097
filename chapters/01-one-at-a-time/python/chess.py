"""Judit's exhibition, both ways, played on a virtual clock."""

# ANCHOR: one-game
def one_game_at_a_time(tables, turns, master, opponent):
    now = 0
    for _ in range(tables):
        for _ in range(turns):
            now += master
            now += opponent
    return now
# ANCHOR_END: one-game


# ANCHOR: table-to-table
def table_to_table(tables, turns, master, opponent):
    now = 0
    replies = [0] * tables
    for _ in range(turns):
        for table in range(tables):
            now = max(now, replies[table])
            now += master
            replies[table] = now + opponent
    return max(replies, default=now)
# ANCHOR_END: table-to-table


def clock(seconds):
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


print("30 turns, 5 s for a move, 55 s for a reply")
print("tables  one game at a time  table to table")
for tables in (1, 11, 12, 13, 24, 25):
    one = clock(one_game_at_a_time(tables, 30, 5, 55))
    all_ = clock(table_to_table(tables, 30, 5, 55))
    print(f"{tables:>6}  {one:>18}  {all_:>14}")
