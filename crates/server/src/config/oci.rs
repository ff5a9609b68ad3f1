//! Public keys of those who sign requests to the API of OCI Functions: `[[oci.keys]]`.

use crate::oci_functions::Keys;
use crate::oci_functions::keys::KeyProblem;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// A user's key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct KeyConfig {
    /// How requests name it: `TENANCY/USER/FINGERPRINT`.
    pub id: String,
    /// The file of the public key, in PEM. A relative path begins at the folder of the configuration file.
    pub public_key: PathBuf,
}

/// The keys of a key.
pub const KEY_KEYS: &[&str] = &["id", "public-key"];

/// The most bytes of a file that may be a public key.
const LARGEST_FILE: u64 = 64 << 10;

impl KeyConfig {
    /// Reads the file, and adds the key.
    ///
    /// # Errors
    /// The key of the configuration, and what is wrong with its value.
    pub fn add_to(&self, keys: &mut Keys, folder: &Path) -> Result<(), (&'static str, String)> {
        let path = folder.join(&self.public_key);
        let shown = self.public_key.display();
        let size =
            std::fs::metadata(&path).map_err(|error| ("public-key", format!("{shown}: {error}")))?.len();
        if size > LARGEST_FILE {
            return Err((
                "public-key",
                format!("{shown} has {size} bytes, which is too large for a public key"),
            ));
        }
        let pem =
            std::fs::read_to_string(&path).map_err(|error| ("public-key", format!("{shown}: {error}")))?;
        keys.add(&self.id, &pem).map_err(|error| match error {
            KeyProblem::Id(text) => ("id", text),
            KeyProblem::Key(text) => ("public-key", format!("{shown}: {text}")),
        })
    }
}
