//! The port from the outside: over TCP, over streams in memory, and through the router alone.

mod canary;
mod faults;
mod hostile;
mod routing;
mod site;
mod smuggling;
mod timeouts;
