//! What stands in `docs/`, `.devcontainer/` and `deploy/` works: the template is deployed, the
//! notebooks and the commands of the book are run, the container files are checked.

mod book;
mod cloudformation;
mod containers;
mod keys;
mod markdown;
mod notebooks;
mod readme;
mod tools;
