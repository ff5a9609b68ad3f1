//! What the processes of functions may do, as far as this system can hold them to it.

use crate::config::{HostConfig, Isolation};
use crate::error::HostError;
use crate::plan::Plan;
use crate::spec::{FunctionSpec, Runtime};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::Permissions;
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Users that functions run as, when the host may choose: far from those of people, and below those of containers.
const FIRST_USER: u32 = 60_000;
const USERS: u32 = 5_000;
/// The group of all functions that may write something outside of their own folders. Several may share a file; which
/// of them may is up to Landlock.
const WRITERS: u32 = FIRST_USER + USERS;
/// The most files of a folder that a function may write.
const MOST_WRITABLE: usize = 10_000;

/// Programs, libraries and public facts of the system, which a function may read.
const SYSTEM: [&str; 37] = [
    "/bin",
    "/dev/random",
    "/dev/urandom",
    "/dev/zero",
    "/etc/ca-certificates",
    "/etc/gai.conf",
    "/etc/group",
    "/etc/host.conf",
    "/etc/hosts",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/localtime",
    "/etc/mime.types",
    "/etc/nsswitch.conf",
    "/etc/passwd",
    "/etc/pki/tls/certs",
    "/etc/protocols",
    "/etc/resolv.conf",
    "/etc/services",
    "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf",
    "/etc/timezone",
    "/lib",
    "/lib32",
    "/lib64",
    "/nix/store",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/stat",
    "/usr/bin",
    "/usr/lib",
    "/usr/lib32",
    "/usr/lib64",
    "/usr/local/bin",
    "/usr/local/lib",
    "/usr/share",
];

/// What this host can hold functions to.
#[derive(Debug)]
pub(crate) struct Sandbox {
    /// Landlock, seccomp and the rest.
    pub confine: bool,
    /// Each function has a user of its own.
    pub users: bool,
    hidden: Vec<PathBuf>,
}

impl Sandbox {
    /// Finds out what is possible, and says what is not.
    pub(crate) fn new(config: &HostConfig) -> (Self, Vec<String>) {
        let hidden = config.hidden_paths.iter().map(|path| whole(path)).collect();
        if config.isolation == Isolation::Off {
            let text = "functions are not confined: they have all the rights of this process";
            return (Self { confine: false, users: false, hidden }, vec![text.to_owned()]);
        }
        let mut missing = Vec::new();
        let files = landlock_works(&mut missing);
        missing.extend(hidden_in_vain(&hidden));
        let users = can_choose_users();
        if !users && cfg!(target_os = "linux") {
            missing.push(
                "functions run as the user of this process, because it is not root: \
                 they share that user's limits, and see which processes that user has"
                    .to_owned(),
            );
        }
        (Self { confine: files, users, hidden }, missing)
    }

    /// The user of a function, unless another has it already.
    pub(crate) fn user(&self, name: &str, taken: impl Fn(u32) -> bool) -> Option<u32> {
        if !self.users {
            return None;
        }
        let hash = Sha256::digest(name.as_bytes());
        let start = hash.iter().take(4).fold(0_u32, |sum, byte| (sum << 8) | u32::from(*byte));
        (0..USERS).map(|step| FIRST_USER + start.wrapping_add(step) % USERS).find(|user| !taken(*user))
    }

    /// The hidden path that a function could reach through `path`, if any.
    pub(crate) fn hidden_under(&self, path: &Path) -> Option<&Path> {
        let path = whole(path);
        let reaches = |hidden: &&PathBuf| hidden.starts_with(&path) || path.starts_with(hidden);
        self.hidden.iter().find(reaches).map(PathBuf::as_path)
    }

    /// Whether a path is, or is in, a hidden one.
    pub(crate) fn is_hidden(&self, path: &Path) -> bool {
        self.hidden.iter().any(|hidden| path.starts_with(hidden))
    }

    /// The plan of a process.
    pub(crate) fn plan(&self, process: Confined<'_>) -> Plan {
        let read = SYSTEM.iter().map(PathBuf::from).chain(process.read).collect();
        let mut write = vec![PathBuf::from("/dev/null")];
        write.extend(process.write);
        write.extend(process.spec.writable.iter().cloned());
        let limited = self.confine || process.user.is_some();
        Plan {
            program: process.program,
            env: process.env,
            folder: process.folder,
            parent: std::process::id(),
            user: process.user,
            groups: if process.spec.writable.is_empty() { Vec::new() } else { vec![WRITERS] },
            confine: self.confine,
            read,
            write,
            memory: limited.then(|| memory(process.spec)),
            processes: process.user.map(|_| 32 + 32 * process.spec.max_processes as u64),
            files: process.open_files,
            file_bytes: process.file_bytes,
        }
    }
}

/// Warns of hidden paths in what every function may read: what is allowed there, is allowed with all that is in it.
fn hidden_in_vain(hidden: &[PathBuf]) -> impl Iterator<Item = String> {
    hidden.iter().filter_map(|path| {
        let around = SYSTEM.iter().find(|system| path.starts_with(whole(Path::new(system))))?;
        Some(format!(
            "functions can reach {}, which is to be hidden, because every function needs {around}: move it elsewhere",
            path.display()
        ))
    })
}

/// What a process is, before it is known what it may do.
pub(crate) struct Confined<'a> {
    pub spec: &'a FunctionSpec,
    pub program: Vec<OsString>,
    pub env: BTreeMap<String, String>,
    pub folder: PathBuf,
    pub user: Option<u32>,
    pub read: Vec<PathBuf>,
    pub write: Vec<PathBuf>,
    pub open_files: u64,
    pub file_bytes: u64,
}

/// Bytes of private memory. Node.js reserves some for the stacks of its threads and its engine, whatever a function
/// does; the function's own objects have a limit of their own there.
fn memory(spec: &FunctionSpec) -> u64 {
    let reserved = match spec.runtime {
        Runtime::Python => 16,
        Runtime::Node => 512,
    };
    (spec.memory_mb + reserved) << 20
}

#[cfg(target_os = "linux")]
fn landlock_works(missing: &mut Vec<String>) -> bool {
    use landlock::{ABI, Access, AccessFs, CompatLevel, Compatible, Ruleset, RulesetAttr, Scope};
    let asked = |abi: ABI, scope: bool| {
        let rules = Ruleset::default().set_compatibility(CompatLevel::HardRequirement);
        let rules = rules.handle_access(AccessFs::from_all(abi))?;
        if scope { rules.scope(Scope::Signal)?.create() } else { rules.create() }
    };
    if asked(ABI::V1, false).is_err() {
        missing.push(
            "functions can read and write whatever their user can: this kernel has no Landlock (Linux 5.13 and later \
             have it, unless it is turned off)"
                .to_owned(),
        );
    } else if asked(ABI::V6, true).is_err() {
        missing.push(
            "functions can signal other processes of their user: this kernel's Landlock cannot prevent that (Linux 6.12 \
             and later can)"
                .to_owned(),
        );
    }
    true
}

#[cfg(not(target_os = "linux"))]
fn landlock_works(missing: &mut Vec<String>) -> bool {
    missing.push("functions are not confined on this system; Linux can".to_owned());
    false
}

fn can_choose_users() -> bool {
    cfg!(target_os = "linux") && rustix::process::geteuid().is_root()
}

/// A path with its links followed, if it exists.
pub(crate) fn whole(path: &Path) -> PathBuf {
    path.canonicalize().or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_owned())
}

/// Whether any user can read and enter a path.
pub(crate) fn is_open_to_all(path: &Path) -> bool {
    let path = whole(path);
    let has = |path: &Path, bits: u32| path.metadata().is_ok_and(|data| data.mode() & bits == bits);
    has(&path, 0o5) && path.ancestors().skip(1).all(|above| has(above, 0o1))
}

/// Makes a folder that only `user` and the host can enter.
pub(crate) fn private_folder(path: &Path, user: Option<u32>) -> io::Result<()> {
    std::fs::DirBuilder::new().mode(0o700).create(path)?;
    if user.is_some() {
        std::os::unix::fs::chown(path, user, user)?;
    }
    Ok(())
}

/// Makes a folder that everybody can pass through.
pub(crate) fn open_folder(path: &Path) -> io::Result<()> {
    std::fs::create_dir_all(path)?;
    std::fs::set_permissions(path, Permissions::from_mode(0o755))
}

/// The folder in which functions find what they need: the configured one, or another if their users cannot enter it.
pub(crate) fn work_folder(sandbox: &Sandbox, configured: &Path) -> Result<PathBuf, HostError> {
    let failed = |path: &Path| {
        let what = format!("the folder {} cannot be made", path.display());
        move |error| HostError::Io { what, error }
    };
    std::fs::create_dir_all(configured).map_err(failed(configured))?;
    let configured = whole(configured);
    let passable = |path: &Path| {
        path.ancestors().skip(1).all(|above| above.metadata().is_ok_and(|data| data.mode() & 0o1 == 0o1))
    };
    if !sandbox.users || passable(&configured) {
        return Ok(configured);
    }
    let hash = Sha256::digest(configured.as_os_str().as_encoded_bytes());
    let name: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let other = Path::new("/var/cache/partita-functions").join(name);
    open_folder(&other).map_err(failed(&other))?;
    Ok(other)
}

/// Lets functions write a file, or a folder with all that is in it, that does not belong to them.
///
/// # Errors
/// When they could not get there, or there is too much in it.
pub(crate) fn open_to_writers(path: &Path) -> io::Result<()> {
    let path = whole(path);
    for above in path.ancestors().skip(1) {
        if above.metadata()?.mode() & 0o1 == 0 {
            let text = format!("other users cannot enter {}, in which it is", above.display());
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, text));
        }
    }
    if path.metadata()?.mode() & 0o2 != 0 {
        return Ok(()); // everybody can write it already, as a system's folder for temporary files
    }
    let mut folders = vec![path];
    let mut seen = 0;
    while let Some(path) = folders.pop() {
        seen += 1;
        if seen > MOST_WRITABLE {
            return Err(io::Error::other(format!("there are more than {MOST_WRITABLE} files in it")));
        }
        let data = path.symlink_metadata()?;
        if data.is_symlink() {
            continue;
        }
        let mode = if data.is_dir() { 0o2070 } else { 0o060 };
        std::os::unix::fs::chown(&path, None, Some(WRITERS))?;
        std::fs::set_permissions(&path, Permissions::from_mode((data.mode() & 0o7777) | mode))?;
        if data.is_dir() {
            for entry in std::fs::read_dir(&path)? {
                folders.push(entry?.path());
            }
        }
    }
    Ok(())
}
