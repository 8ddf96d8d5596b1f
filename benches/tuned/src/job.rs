//! One call of a contender: declared here because tg-bench and this crate must mean the same type.

use std::fmt::Display;

/// One contender, ready to compute the case again and again.
pub trait Job {
    /// One whole call, from inputs in memory to a result in memory. This is what is timed.
    ///
    /// # Errors
    /// What the contender reports.
    fn run(&mut self) -> Result<(), String>;

    /// The result of the last call.
    ///
    /// # Errors
    /// What the contender reports, and if nothing ran yet.
    fn result(&self) -> Result<Vec<Vec<f32>>, String>;
}

struct Call<T, F, R> {
    call: F,
    read: R,
    last: Option<T>,
}

impl<T, E: Display, F: FnMut() -> Result<T, E>, R: Fn(&T) -> Result<Vec<Vec<f32>>, E>> Job for Call<T, F, R> {
    fn run(&mut self) -> Result<(), String> {
        // The old result goes first, as it does in a loop that uses its results.
        self.last = None;
        self.last = Some((self.call)().map_err(|error| error.to_string())?);
        Ok(())
    }

    fn result(&self) -> Result<Vec<Vec<f32>>, String> {
        let last = self.last.as_ref().ok_or("nothing ran yet")?;
        (self.read)(last).map_err(|error| error.to_string())
    }
}

/// A contender that computes with `call` and whose result is read by `read`.
pub fn job<T: 'static, E: Display + 'static>(
    call: impl FnMut() -> Result<T, E> + 'static,
    read: impl Fn(&T) -> Result<Vec<Vec<f32>>, E> + 'static,
) -> Box<dyn Job> {
    Box::new(Call { call, read, last: None })
}
