"""Breaks each rule that wsgiref.validate checks, one at a time, and says what became of it.

    python3 chapters/02-wsgi/python/rules.py

A line for each: the rule, and `refused`, `warned`, `said` (on standard error) or `allowed`.
"""

import contextlib
import io
import warnings
from wsgiref.handlers import SimpleHandler
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

TEXT = [("content-type", "text/plain")]


def call(app, change=None, arguments=2, consume=True):
    """Calls app under the validator as a server would, with an environ that `change` has spoiled."""
    environ = {}
    setup_testing_defaults(environ)
    environ["QUERY_STRING"] = ""
    environ = change(environ) if change else environ

    def start_response(status, headers, exc_info=None):
        return lambda part: None

    iterator = validator(app)(*(environ, start_response)[:arguments])
    if consume:
        list(iterator)
        iterator.close()
    return iterator


def good(environ, start_response):
    start_response("200 OK", TEXT)
    return [b"crab"]


def environ_with(key, value):
    return lambda: call(good, lambda environ: {**environ, key: value})


def environ_without(key):
    return lambda: call(good, lambda environ: {k: v for k, v in environ.items() if k != key})


def starting(*arguments, **keywords):
    def app(environ, start_response):
        start_response(*arguments, **keywords)
        return [b"crab"]

    return lambda: call(app)


def returning(value):
    def app(environ, start_response):
        start_response("200 OK", TEXT)
        return value

    return lambda: call(app)


def doing(action):
    def app(environ, start_response):
        write = start_response("200 OK", TEXT)
        action(environ, write)
        return [b"crab"]

    return lambda: call(app)


def never_starts():
    call(lambda environ, start_response: [b"crab"])


def reads_after_close():
    iterator = call(good, consume=False)
    iterator.close()
    next(iterator)


def never_closes():
    call(good, consume=False)


def handled(app):
    """Under wsgiref's own server half, which keeps two rules that the validator leaves to it."""

    def run():
        environ = {}
        setup_testing_defaults(environ)
        out, errors = io.BytesIO(), io.StringIO()
        SimpleHandler(io.BytesIO(), out, errors, environ).run(app)
        assert b"500 Internal Server Error" not in out.getvalue()

    return run


def hop_by_hop(environ, start_response):
    start_response("200 OK", [*TEXT, ("Connection", "close")])
    return [b"crab"]


def starts_twice(environ, start_response):
    start_response("200 OK", TEXT)
    start_response("200 OK", TEXT)
    return [b"crab"]


class Dict(dict):
    pass


RULES = {
    "environ is a dict": lambda: call(good, Dict),
    "environ has REQUEST_METHOD": environ_without("REQUEST_METHOD"),
    "environ has no HTTP_CONTENT_TYPE": environ_with("HTTP_CONTENT_TYPE", "text/plain"),
    "environ has QUERY_STRING": environ_without("QUERY_STRING"),
    "environ's values are strings": environ_with("SERVER_PORT", 80),
    "wsgi.version is a tuple": environ_with("wsgi.version", "1.0"),
    "wsgi.url_scheme is http or https": environ_with("wsgi.url_scheme", "gopher"),
    "the method is a known one": environ_with("REQUEST_METHOD", "WAVE"),
    "SCRIPT_NAME begins with a slash": environ_with("SCRIPT_NAME", "crabs"),
    "SCRIPT_NAME is not a slash": environ_with("SCRIPT_NAME", "/"),
    "PATH_INFO begins with a slash": environ_with("PATH_INFO", "crabs"),
    "CONTENT_LENGTH is no negative number": environ_with("CONTENT_LENGTH", "-1"),
    "wsgi.input can be read": environ_with("wsgi.input", None),
    "wsgi.errors can be written": environ_with("wsgi.errors", None),
    "the application gets two arguments": lambda: call(good, arguments=1),
    "start_response gets no keywords": starting(status="200 OK", response_headers=TEXT),
    "the status is a string": starting(200, TEXT),
    "the status begins with three digits": starting("20 OK", TEXT),
    "the status has a space and a reason": starting("200", TEXT),
    "the status is 100 or more": starting("099 Low", TEXT),
    "the headers are a list": starting("200 OK", dict(TEXT)),
    "a header is a pair of strings": starting("200 OK", [*TEXT, ("content-length", 4)]),
    "no header is called Status": starting("200 OK", [*TEXT, ("Status", "200")]),
    "no header's name has a colon": starting("200 OK", [*TEXT, ("a:b", "c")]),
    "no header's name ends in a dash": starting("200 OK", [*TEXT, ("a-", "c")]),
    "no header's value has a control character": starting("200 OK", [*TEXT, ("a", "b\r\nc: d")]),
    "a body has a Content-Type": starting("200 OK", []),
    "no body has no Content-Type": starting("204 No Content", TEXT),
    "exc_info is a tuple": starting("200 OK", TEXT, "an error"),
    "the application returns an iterable": returning(None),
    "the iterable is not a string": returning(b"crab"),
    "the parts are bytes": returning(["crab"]),
    "start_response is called before the first part": never_starts,
    "the iterable is not read after close": reads_after_close,
    "the iterable is closed": never_closes,
    "the input is read with a size": doing(lambda environ, write: environ["wsgi.input"].read()),
    "the input is not closed": doing(lambda environ, write: environ["wsgi.input"].close()),
    "what is written is bytes": doing(lambda environ, write: write("crab")),
    "no header is about the connection": handled(hop_by_hop),
    "start_response is called once": handled(starts_twice),
}


def verdict(breaks):
    errors = io.StringIO()
    with warnings.catch_warnings(record=True) as heard, contextlib.redirect_stderr(errors):
        warnings.simplefilter("always")
        try:
            breaks()
        except (AssertionError, TypeError):
            return "refused"
    if heard:
        return "warned"
    return "said" if "without being closed" in errors.getvalue() else "allowed"


if __name__ == "__main__":
    for rule, breaks in RULES.items():
        print(f"{rule}\t{verdict(breaks)}")
