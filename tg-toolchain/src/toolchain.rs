//! The façade: many sources in, their assembly out, with as few compiler runs as possible.
//!
//! What the cache has is not compiled; equal jobs are compiled once; the rest runs in parallel. The results and the
//! reported error depend only on the jobs, not on which compiler finished first.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::assemble::{Job, Product, compile, flags};
use crate::cache::{CACHE_LIMIT, Cache, Key};
use crate::compiler::Compiler;
use crate::embed::Assembly;
use crate::error::Error;
use crate::remember;

/// What a [`Toolchain`] did so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Compilers started.
    pub started: usize,
    /// Jobs answered without starting one.
    pub cached: usize,
}

/// The C compiler of one target, and a cache.
#[derive(Debug)]
pub struct Toolchain {
    compiler: Arc<Compiler>,
    cache: Option<Cache>,
    started: AtomicUsize,
    cached: AtomicUsize,
}

/// What the compiler made of a job; shared, because equal jobs have one result.
type Output = Arc<Vec<u8>>;

impl Toolchain {
    /// The toolchain for the target triple `target` (see [`crate::host_triple`]), which keeps its results in
    /// `cache_dir` if there is one.
    ///
    /// # Errors
    /// [`Error::UnsupportedTarget`] and [`Error::NoCompiler`]: the kernels must be made in another way.
    pub fn new(target: &str, cache_dir: Option<PathBuf>) -> Result<Toolchain, Error> {
        let cache = cache_dir.map(|folder| Cache::new(folder, CACHE_LIMIT));
        let compiler = remember::find(target, cache.as_ref())?;
        Ok(Toolchain { compiler, cache, started: AtomicUsize::new(0), cached: AtomicUsize::new(0) })
    }

    /// The compiler in use.
    pub fn compiler(&self) -> &Compiler {
        &self.compiler
    }

    /// Where results are kept, if anywhere.
    pub fn cache(&self) -> Option<&Cache> {
        self.cache.as_ref()
    }

    /// What was done so far.
    pub fn counts(&self) -> Counts {
        Counts { started: self.started.load(Ordering::Relaxed), cached: self.cached.load(Ordering::Relaxed) }
    }

    /// Why results are not kept for later, if there is a folder for them: see [`Cache::failure`].
    pub fn cache_failure(&self) -> Option<&str> {
        self.cache.as_ref()?.failure()
    }

    /// The assembly of each job, in the order of `jobs`.
    ///
    /// # Errors
    /// That of the first job that fails, with the compiler's words and command line.
    pub fn assemble_all(&self, jobs: &[Job]) -> Result<Vec<Assembly>, Error> {
        let texts = self.produce(jobs, Product::Assembly)?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok(texts.iter().map(|bytes| Assembly { text: text(bytes) }).collect())
    }

    /// The relocatable object file of each job, in the order of `jobs`; symbols are spelled as in the source.
    ///
    /// # Errors
    /// As [`Toolchain::assemble_all`].
    pub fn object_all(&self, jobs: &[Job]) -> Result<Vec<Vec<u8>>, Error> {
        Ok(self.produce(jobs, Product::Object)?.into_iter().map(Arc::unwrap_or_clone).collect())
    }

    fn produce(&self, jobs: &[Job], product: Product) -> Result<Vec<Output>, Error> {
        let keys: Vec<Key> = jobs.iter().map(|job| self.key(job, product)).collect();
        let mut outputs: HashMap<Key, Option<Output>> = HashMap::new();
        let mut missing = Vec::new();
        for (&key, job) in keys.iter().zip(jobs) {
            outputs.entry(key).or_insert_with(|| {
                let hit = self.cache.as_ref().and_then(|cache| cache.get(key));
                missing.extend(hit.is_none().then_some((key, job)));
                hit.map(Output::new)
            });
        }
        self.cached.fetch_add(jobs.len() - missing.len(), Ordering::Relaxed);
        let compiled = self.compile_missing(&missing, product)?;
        outputs.extend(missing.iter().zip(compiled).map(|((key, _), output)| (*key, Some(output))));
        Ok(keys.iter().filter_map(|key| outputs[key].clone()).collect())
    }

    /// Compiles every job on as many threads as the machine has, and stores the results.
    fn compile_missing(&self, missing: &[(Key, &Job)], product: Product) -> Result<Vec<Output>, Error> {
        let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
        let outcomes = Mutex::new(vec![None; missing.len()]);
        let work = || {
            while !failed.load(Ordering::Relaxed) {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some((key, job)) = missing.get(index) else { break };
                let outcome = self.compile_one(*key, job, product);
                failed.fetch_or(outcome.is_err(), Ordering::Relaxed);
                outcomes.lock().unwrap_or_else(PoisonError::into_inner)[index] = Some(outcome);
            }
        };
        let threads = thread::available_parallelism().map_or(1, usize::from).min(missing.len());
        thread::scope(|scope| {
            (1..threads).for_each(|_| drop(scope.spawn(work)));
            work();
        });
        if let (Some(cache), false) = (&self.cache, missing.is_empty()) {
            cache.prune();
        }
        // Jobs are taken in order, so all before the first failure have an outcome.
        outcomes.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().flatten().collect()
    }

    fn compile_one(&self, key: Key, job: &Job, product: Product) -> Result<Output, Error> {
        self.started.fetch_add(1, Ordering::Relaxed);
        let bytes = compile(&self.compiler, job, product)?;
        if let Some(cache) = &self.cache {
            cache.put(key, &bytes);
        }
        Ok(Output::new(bytes))
    }

    fn key(&self, job: &Job, product: Product) -> Key {
        let flags = flags(&self.compiler, job.isa, product);
        Key::of([self.compiler.identity.as_str(), &job.source].into_iter().chain(flags))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compiler::host_triple;

    /// That no damage passes is shown without a compiler: each damaged entry is a miss, and one miss is compiled.
    #[test]
    fn the_object_of_a_job_damaged_at_any_byte_is_a_miss_and_is_compiled_again() {
        let folder = std::env::temp_dir().join(format!("tg-toolchain-object-{}", std::process::id()));
        let toolchain = Toolchain::new(&host_triple(), Some(folder.clone())).expect("a C compiler");
        let isa = toolchain.compiler.target.isas()[0];
        let jobs = [Job { source: "void tgk_f(int *p) { *p = 42; }".into(), isa }];
        let object = toolchain.object_all(&jobs).expect("an object");
        let cache = toolchain.cache.as_ref().expect("a cache");
        let key = toolchain.key(&jobs[0], Product::Object);
        let entry = cache.path(key);
        let whole = std::fs::read(&entry).expect("an entry");
        let check = |damaged: &[u8], at: usize| {
            std::fs::write(&entry, damaged).expect("a file that can be written");
            assert_eq!(cache.get(key), None, "byte {at} of {}", whole.len());
        };
        let mut changed = whole.clone();
        for at in 0..whole.len() {
            check(&whole[..at], at);
            for change in [1, 0x10, 0x80, 0xff] {
                changed[at] = whole[at] ^ change;
                check(&changed, at);
            }
            changed[at] = whole[at];
        }
        assert_eq!(toolchain.object_all(&jobs).expect("an object"), object);
        assert_eq!((toolchain.counts().started, std::fs::read(&entry).expect("an entry")), (2, whole.clone()));
        // What cannot be removed stays in the folder for such things.
        drop(std::fs::remove_dir_all(folder));
    }
}
