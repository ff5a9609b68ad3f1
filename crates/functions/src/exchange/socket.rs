//! The socket that an FDK listens on.

use std::os::unix::fs::FileTypeExt;
use std::path::{Component, Path, PathBuf};

/// The socket that the link at `listener` leads to. A link that leaves its folder is refused.
pub(super) fn socket_behind(listener: &Path) -> Result<PathBuf, String> {
    let kind = |path: &Path| path.symlink_metadata().map_err(|error| format!("its socket is gone: {error}"));
    let mut socket = listener.to_owned();
    if kind(listener)?.is_symlink() {
        let target = listener.read_link().map_err(|error| error.to_string())?;
        let mut parts = target.components();
        match (parts.next(), parts.next()) {
            (Some(Component::Normal(name)), None) => socket.set_file_name(name),
            _ => return Err(format!("its socket is a link that leaves its folder, to {}", target.display())),
        }
    }
    if kind(&socket)?.file_type().is_socket() {
        Ok(socket)
    } else {
        Err("its socket is no socket".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_may_not_leave_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let listener = folder.path().join("l");
        let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("s")).unwrap();
        for (target, expected) in
            [("s", true), ("./s", false), ("../s", false), ("/tmp/s", false), ("none", false)]
        {
            let _ = std::fs::remove_file(&listener);
            std::os::unix::fs::symlink(target, &listener).unwrap();
            assert_eq!(
                socket_behind(&listener).is_ok(),
                expected,
                "{target}: {:?}",
                socket_behind(&listener)
            );
        }
        std::fs::write(folder.path().join("f"), "").unwrap();
        std::fs::remove_file(&listener).unwrap();
        std::os::unix::fs::symlink("f", &listener).unwrap();
        assert_eq!(socket_behind(&listener), Err("its socket is no socket".to_owned()));
    }
}
