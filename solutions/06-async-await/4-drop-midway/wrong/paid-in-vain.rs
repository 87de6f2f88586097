//! Whether there is a berth matters when it is returned.
//!
//! caught by: a_full_harbour_waits_for_nothing

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

    /// Gives a berth back.
    ///
    /// # Panics
    ///
    /// If it is free.
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

    /// Returns a deposit.
    ///
    /// # Panics
    ///
    /// If there is none.
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

/// Undoes one thing when it is dropped, unless it was told to keep it.
struct Undo<F: FnOnce()> {
    undo: Option<F>,
}

impl<F: FnOnce()> Undo<F> {
    fn new(undo: F) -> Self {
        Self { undo: Some(undo) }
    }

    fn keep(mut self) {
        self.undo = None;
    }
}

impl<F: FnOnce()> Drop for Undo<F> {
    fn drop(&mut self) {
        if let Some(undo) = self.undo.take() {
            undo();
        }
    }
}

/// Takes a berth, waits for the deposit and for the harbour master, and undoes what it did if that fails.
pub async fn moor<P, M>(harbour: &Harbour, payment: P, master: M) -> Option<usize>
where
    P: Future<Output = ()>,
    M: Future<Output = bool>,
{
    let berth = harbour.take_berth();
    let mooring = Undo::new(|| berth.into_iter().for_each(|berth| harbour.free_berth(berth)));

    payment.await;
    harbour.keep_deposit();
    let deposit = Undo::new(|| harbour.return_deposit());

    if !master.await {
        return None;
    }
    deposit.keep();
    mooring.keep();
    berth
}
