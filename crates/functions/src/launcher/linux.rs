//! What Linux offers to confine a process: another user, fewer rights, Landlock, seccomp.

use crate::plan::Plan;
use landlock::{
    ABI, Access, AccessFs, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreated, RulesetCreatedAttr, Scope, make_bitflags,
};
use rustix::process::{Gid, Signal, Uid};
use rustix::thread::{CapabilitySet, CapabilitySets};
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule,
};
use std::collections::BTreeMap;
use std::path::Path;

/// The newest rules that are asked for; an older system gives what it has.
const RULES: ABI = ABI::V6;

/// Becomes the function's user, without a way back, and ends with the host.
pub(super) fn give_up_rights(plan: &Plan) -> Result<(), String> {
    become_user(plan).map_err(|error| format!("it cannot become its own user: {error}"))?;
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))
        .map_err(|error| format!("it cannot be tied to the host: {error}"))?;
    let parent = rustix::process::getppid().map(|parent| parent.as_raw_nonzero().get().cast_unsigned());
    if parent != Some(plan.parent) {
        return Err("the host is gone".to_owned());
    }
    if plan.confine {
        rustix::thread::set_no_new_privs(true).map_err(|error| format!("no_new_privs: {error}"))?;
        drop_capabilities();
    }
    Ok(())
}

fn become_user(plan: &Plan) -> rustix::io::Result<()> {
    let Some(user) = plan.user else { return Ok(()) };
    let groups: Vec<Gid> = plan.groups.iter().copied().map(Gid::from_raw).collect();
    rustix::thread::set_thread_groups(&groups)?;
    // Its own group has no other member; what it makes in a shared folder is for those who share the folder.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o002));
    rustix::thread::set_thread_res_gid(Gid::from_raw(user), Gid::from_raw(user), Gid::from_raw(user))?;
    rustix::thread::set_thread_res_uid(Uid::from_raw(user), Uid::from_raw(user), Uid::from_raw(user))
}

/// Gives up the superuser's rights where the user could not be changed; fails only where there were none.
fn drop_capabilities() {
    let none = CapabilitySet::empty();
    let _ = rustix::thread::clear_ambient_capability_set();
    for capability in CapabilitySet::all().iter() {
        let _ = rustix::thread::remove_capability_from_bounding_set(capability);
    }
    let _ = rustix::thread::set_capabilities(
        None,
        CapabilitySets { effective: none, permitted: none, inheritable: none },
    );
}

/// Closes the file system except for what the plan names, and forbids system calls that no function needs.
pub(super) fn close_in(plan: &Plan) -> Result<(), String> {
    if !plan.confine {
        return Ok(());
    }
    restrict_files(plan).map_err(|error| format!("Landlock: {error}"))?;
    restrict_calls().map_err(|error| format!("seccomp: {error}"))
}

fn restrict_files(plan: &Plan) -> Result<(), landlock::RulesetError> {
    let mut rules = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(RULES))?
        .scope(make_bitflags!(Scope::{AbstractUnixSocket | Signal}))?
        .create()?;
    for path in &plan.read {
        rules = allow(rules, path, AccessFs::from_read(RULES))?;
    }
    for path in &plan.write {
        rules = allow(rules, path, AccessFs::from_all(RULES))?;
    }
    rules.restrict_self()?;
    Ok(())
}

/// Allows a path if it exists: which of the system's folders exist differs.
fn allow(
    rules: RulesetCreated,
    path: &Path,
    access: landlock::BitFlags<AccessFs>,
) -> Result<RulesetCreated, landlock::RulesetError> {
    let Ok(descriptor) = PathFd::new(path) else { return Ok(rules) };
    let access = if path.is_dir() { access } else { access & AccessFs::from_file(RULES) };
    rules.add_rule(PathBeneath::new(descriptor, access))
}

/// Answers "not permitted" to calls that look into other processes, change the system or leave the confinement.
fn restrict_calls() -> Result<(), String> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = DENIED.iter().map(|call| (*call, Vec::new())).collect();
    rules.insert(libc::SYS_clone, namespaces()?);
    apply(rules, libc::EPERM)?;
    // The flags of the newer call are in memory, where a filter cannot look; C libraries fall back to the older one.
    apply(BTreeMap::from([(libc::SYS_clone3, Vec::new())]), libc::ENOSYS)
}

fn apply(rules: BTreeMap<i64, Vec<SeccompRule>>, errno: i32) -> Result<(), String> {
    let architecture = std::env::consts::ARCH.try_into().map_err(|error| format!("{error}"))?;
    let denied = SeccompAction::Errno(errno.cast_unsigned());
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, denied, architecture)
        .map_err(|error| error.to_string())?;
    let program: BpfProgram = filter.try_into().map_err(|error: BackendError| error.to_string())?;
    seccompiler::apply_filter(&program).map_err(|error| error.to_string())
}

/// Any flag that makes a new namespace.
fn namespaces() -> Result<Vec<SeccompRule>, String> {
    const FLAGS: [i32; 7] = [
        libc::CLONE_NEWCGROUP,
        libc::CLONE_NEWIPC,
        libc::CLONE_NEWNET,
        libc::CLONE_NEWNS,
        libc::CLONE_NEWPID,
        libc::CLONE_NEWUSER,
        libc::CLONE_NEWUTS,
    ];
    let rule = |flag: i32| {
        let flag = u64::from(flag.cast_unsigned());
        let set = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::MaskedEq(flag), flag)?;
        SeccompRule::new(vec![set])
    };
    FLAGS.into_iter().map(rule).collect::<Result<_, BackendError>>().map_err(|error| error.to_string())
}

const DENIED: &[i64] = &[
    libc::SYS_acct,
    libc::SYS_add_key,
    libc::SYS_adjtimex,
    libc::SYS_bpf,
    libc::SYS_chroot,
    libc::SYS_clock_adjtime,
    libc::SYS_clock_settime,
    libc::SYS_delete_module,
    libc::SYS_fanotify_init,
    libc::SYS_finit_module,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fsopen,
    libc::SYS_fspick,
    libc::SYS_init_module,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_io_uring_setup,
    libc::SYS_kcmp,
    libc::SYS_kexec_file_load,
    libc::SYS_kexec_load,
    libc::SYS_keyctl,
    libc::SYS_lookup_dcookie,
    libc::SYS_mount,
    libc::SYS_mount_setattr,
    libc::SYS_move_mount,
    libc::SYS_move_pages,
    libc::SYS_name_to_handle_at,
    libc::SYS_nfsservctl,
    libc::SYS_open_by_handle_at,
    libc::SYS_open_tree,
    libc::SYS_perf_event_open,
    libc::SYS_personality,
    libc::SYS_pivot_root,
    libc::SYS_process_madvise,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_ptrace,
    libc::SYS_quotactl,
    libc::SYS_reboot,
    libc::SYS_request_key,
    libc::SYS_setdomainname,
    libc::SYS_sethostname,
    libc::SYS_setns,
    libc::SYS_settimeofday,
    libc::SYS_swapoff,
    libc::SYS_swapon,
    libc::SYS_syslog,
    libc::SYS_umount2,
    libc::SYS_unshare,
    libc::SYS_userfaultfd,
    libc::SYS_vhangup,
];
