//! Bringing state machines in again when their files change. Functions are watched by their host.
//!
//! The folder is looked at again and again. Being told of changes is quicker by a blink, and less certain: not every
//! file system tells, and what was told before somebody listened is lost.

use super::files::AppFiles;
use super::offer::AppEvent;
use std::sync::Arc;
use std::time::Duration;

/// How often the folder is looked at. A file is read when it was left alone for so long: editors write in several
/// steps.
const INTERVAL: Duration = Duration::from_millis(150);

/// Watches an app's state machines as long as this is polled. Their folder may be made later.
pub(super) async fn workflows(files: Arc<AppFiles>) {
    let mut before = files.stamps();
    loop {
        tokio::time::sleep(INTERVAL).await;
        let now = files.stamps();
        for file in files.changed(&now) {
            if before.get(&file.path) != now.get(&file.path) {
                continue; // it is being written
            }
            if let Err(error) = files.take_in(&file).await {
                files.report(AppEvent::Warning(format!("{}: {error}", file.path.display())));
            }
        }
        before = now;
    }
}
