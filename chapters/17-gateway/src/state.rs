//! What an application stores when the server starts, and each of its calls finds: ASGI's `state`.
//!
//! Python keys it by names. Here the key is the type, so that what comes out needs no cast; to store two of a type, give one a type of its own.

use std::any::{Any, TypeId, type_name};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// One value of each type.
///
/// A clone is ASGI's shallow copy: it costs one counter, shares the values, and is not seen to change when the original is.
/// The map is copied when a clone is changed, the values never.
#[derive(Clone, Default)]
pub struct State {
    values: Option<Arc<Values>>,
}

type Values = HashMap<TypeId, Value>;

#[derive(Clone)]
struct Value {
    name: &'static str,
    value: Arc<dyn Any + Send + Sync>,
}

impl State {
    /// An empty state. It takes no memory.
    pub fn new() -> Self {
        Self::default()
    }

    /// Stores a value in the place of its type.
    pub fn insert<T: Send + Sync + 'static>(&mut self, value: T) {
        self.insert_shared(Arc::new(value));
    }

    /// Stores a value that others have as well.
    pub fn insert_shared<T: Send + Sync + 'static>(&mut self, value: Arc<T>) {
        let values = Arc::make_mut(self.values.get_or_insert_default());
        values.insert(TypeId::of::<T>(), Value { name: type_name::<T>(), value });
    }

    /// The value of that type.
    pub fn get<T: Send + Sync + 'static>(&self) -> Option<&T> {
        self.value::<T>()?.downcast_ref()
    }

    /// The value of that type, to keep: for a task that outlives the call, for one.
    pub fn get_shared<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        Arc::clone(self.value::<T>()?).downcast().ok()
    }

    /// Whether nothing is stored.
    pub fn is_empty(&self) -> bool {
        self.values.as_ref().is_none_or(|values| values.is_empty())
    }

    fn value<T: 'static>(&self) -> Option<&Arc<dyn Any + Send + Sync>> {
        self.values.as_ref()?.get(&TypeId::of::<T>()).map(|stored| &stored.value)
    }
}

/// The types of what is stored.
impl fmt::Debug for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names: Vec<_> =
            self.values.iter().flat_map(|values| values.values()).map(|value| value.name).collect();
        names.sort_unstable();
        formatter.debug_set().entries(names).finish()
    }
}

/// The state as the lifespan call sees it: what is put in before `lifespan.startup.complete` is in every later call's [`State`].
///
/// A clone is the same state: the server keeps one, the application has the other.
#[derive(Debug, Clone, Default)]
pub struct LifespanState {
    state: Arc<Mutex<State>>,
}

impl LifespanState {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Stores a value for the calls to come.
    pub fn insert<T: Send + Sync + 'static>(&self, value: T) {
        self.insert_shared(Arc::new(value));
    }

    /// Stores a value that others have as well.
    pub fn insert_shared<T: Send + Sync + 'static>(&self, value: Arc<T>) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).insert_shared(value);
    }

    /// What is stored by now. A server takes it once, when start-up is complete, and gives each call a clone.
    pub fn snapshot(&self) -> State {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
