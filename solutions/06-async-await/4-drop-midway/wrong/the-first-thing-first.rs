//! Things are undone in the order in which they were done.
//!
//! caught by: dropped_before_the_master_answers

use std::cell::RefCell;

/// Berths and deposits.
#[derive(Debug)]
pub struct Harbour {
    berths: RefCell<Vec<bool>>,
    deposits: RefCell<u32>,
    log: RefCell<Vec<String>>,
}

impl Harbour {
    /// A harbour with so many free berths.
    pub fn new(berths: usize) -> Self {
        Self {
            berths: RefCell::new(vec![false; berths]),
            deposits: RefCell::default(),
            log: RefCell::default(),
        }
    }

    /// Takes the first free berth.
    pub fn take_berth(&self) -> Option<usize> {
        let berth = self.berths.borrow().iter().position(|taken| !taken)?;
        self.berths.borrow_mut()[berth] = true;
        self.log.borrow_mut().push(format!("berth {berth} taken"));
        Some(berth)
    }

    /// Gives a berth back. Panics if it is free.
    pub fn free_berth(&self, berth: usize) {
        let taken = std::mem::replace(&mut self.berths.borrow_mut()[berth], false);
        assert!(taken, "berth {berth} is free already");
        self.log.borrow_mut().push(format!("berth {berth} free"));
    }

    /// Keeps a deposit.
    pub fn keep_deposit(&self) {
        *self.deposits.borrow_mut() += 1;
        self.log.borrow_mut().push("deposit kept".to_owned());
    }

    /// Returns a deposit. Panics if there is none.
    pub fn return_deposit(&self) {
        let mut deposits = self.deposits.borrow_mut();
        *deposits = deposits.checked_sub(1).expect("there is no deposit to return");
        self.log.borrow_mut().push("deposit returned".to_owned());
    }

    /// What was done so far.
    pub fn log(&self) -> Vec<String> {
        self.log.borrow().clone()
    }
}

/// What a boat has until it may stay.
struct Mooring<'h> {
    harbour: &'h Harbour,
    berth: usize,
    has_paid: bool,
    may_stay: bool,
}

impl Drop for Mooring<'_> {
    fn drop(&mut self) {
        if self.may_stay {
            return;
        }
        self.harbour.free_berth(self.berth);
        if self.has_paid {
            self.harbour.return_deposit();
        }
    }
}

/// Takes a berth, waits for the deposit and for the harbour master, and undoes what it did if that fails.
pub async fn moor<P, M>(harbour: &Harbour, payment: P, master: M) -> Option<usize>
where
    P: Future<Output = ()>,
    M: Future<Output = bool>,
{
    let berth = harbour.take_berth()?;
    let mut mooring = Mooring { harbour, berth, has_paid: false, may_stay: false };

    payment.await;
    harbour.keep_deposit();
    mooring.has_paid = true;

    mooring.may_stay = master.await;
    mooring.may_stay.then_some(berth)
}
