//! Regular files: what is opened here is never a named pipe, socket, device or folder.
//!
//! Opening a pipe would wait until its other end is opened, a device may never end, and opening some has effects. So every file
//! that a user or a simulator may have replaced with something else is opened here, and what is written beside its target and
//! renamed finds that target here. It knows nothing of what the files hold.

use std::fs::{self, File, FileType, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::data::digest::Digest;
use crate::system::folder;

/// The path with this text after its name: `store.sqlite` and `-wal`.
pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Opens a file to read it; anything that is not a regular file is an error that says what it is. Links are followed.
pub fn open(path: &Path) -> io::Result<File> {
    open_with(File::options().read(true), path)
}

/// The same with other options, which may create the file.
pub fn open_with(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    match fs::metadata(path) {
        Ok(found) => require(found.file_type())?,
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    // Something else may be there by now; this flag keeps it from waiting for a pipe's other end.
    let file = options.custom_flags(libc::O_NONBLOCK).open(path)?;
    require(file.metadata()?.file_type())?;
    Ok(file)
}

/// All bytes of a file.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = open(path)?;
    // Room for all of it, and for the read that finds its end.
    let size = usize::try_from(file.metadata()?.len()).unwrap_or(0);
    let mut bytes = Vec::with_capacity(size.saturating_add(1));
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The bytes at the beginning of a file, so many at most.
pub(crate) fn head(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The text in a file; an error if it is not UTF-8.
pub fn read_to_string(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    open(path)?.read_to_string(&mut text)?;
    Ok(text)
}

/// The digest of a file's content.
pub fn digest(path: &Path) -> io::Result<Digest> {
    Digest::of_reader(open(path)?)
}

/// Where the file at `path` really is, or will be: a link stays when the file it leads to is replaced, and that file's folder
/// is the one to write beside it in.
///
/// # Errors
/// If it is not a regular file, or a link into a folder that does not exist.
pub fn place(path: &Path) -> io::Result<PathBuf> {
    let missing = match fs::metadata(path) {
        Ok(found) => {
            require(found.file_type())?;
            return fs::canonicalize(path);
        }
        Err(error) if error.kind() == ErrorKind::NotFound => error,
        Err(error) => return Err(error),
    };
    let Ok(target) = fs::read_link(path) else {
        return Ok(path.to_owned());
    };
    let target = folder::of(path).join(target);
    let folder = folder::of(&target);
    // Perhaps a disk that is not mounted: nothing must be created in its place.
    if !folder.is_dir() {
        let (target, folder) = (target.display(), folder.display());
        let message = format!("is a link to {target}, and there is no folder {folder}");
        return Err(io::Error::new(missing.kind(), message));
    }
    place(&target)
}

/// An error that says what it is, unless it is a regular file.
pub fn require(kind: FileType) -> io::Result<()> {
    let what = if kind.is_file() {
        return Ok(());
    } else if kind.is_dir() {
        "a folder"
    } else if kind.is_fifo() {
        "a named pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    };
    Err(io::Error::other(format!("is {what}, not a file")))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    use rustix::fs::{CWD, FileType as Kind, Mode, mknodat};

    use super::*;

    #[test]
    fn what_is_no_file_is_named_and_not_waited_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        mknodat(CWD, at("pipe"), Kind::Fifo, Mode::RWXU, 0).expect("a pipe");
        let _socket = UnixListener::bind(at("socket")).expect("a socket");
        symlink(at("pipe"), at("link")).expect("a link");
        symlink("/dev/null", at("null")).expect("a link");
        for (name, what) in [
            ("pipe", "is a named pipe, not a file"),
            ("link", "is a named pipe, not a file"),
            ("socket", "is a socket, not a file"),
            ("null", "is a device, not a file"),
            (".", "is a folder, not a file"),
        ] {
            assert_eq!(read(&at(name)).expect_err(name).to_string(), what);
        }
    }

    #[test]
    fn a_link_leads_to_where_its_file_is_or_will_be() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = fs::canonicalize(folder.path()).expect("its path");
        let at = |name: &str| root.join(name);
        fs::create_dir(at("disk")).expect("made");
        symlink("disk/one", at("link")).expect("a link");
        symlink("link", at("chain")).expect("a link");
        assert_eq!(place(&at("none")).expect("a place"), at("none"));
        for _ in 0..2 {
            assert_eq!(place(&at("chain")).expect("a place"), at("disk/one"));
            fs::write(at("disk/one"), "").expect("written");
        }
        symlink("gone/one", at("lost")).expect("a link");
        symlink("round", at("round")).expect("a link");
        symlink("disk", at("folder")).expect("a link");
        for (name, said) in [
            ("lost", "there is no folder"),
            ("round", "symbolic links"),
            ("folder", "is a folder, not a file"),
        ] {
            let error = place(&at(name)).expect_err(name).to_string();
            assert!(error.contains(said), "{error}");
        }
    }

    #[test]
    fn files_and_links_to_them_are_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "text").expect("written");
        symlink("file", &link).expect("a link");
        assert_eq!(read(&link).expect("read"), b"text");
        assert_eq!(read_to_string(&file).expect("read"), "text");
        assert_eq!(
            read(&folder.path().join("none")).expect_err("none").kind(),
            io::ErrorKind::NotFound
        );
    }
}
