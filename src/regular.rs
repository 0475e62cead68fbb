//! Files that are files: what is opened here to be read is no named pipe, socket, device or folder.
//!
//! A pipe would be waited for until somebody writes into it, a device may never end, and opening some does something. So
//! every file that a user or a simulator may have put something else in the place of is opened here. It knows nothing of what
//! the files hold.

use std::fs::{self, File, FileType};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

/// Opens a file to read it; what is no file is an error that says what it is. Links are followed.
pub fn open(path: &Path) -> io::Result<File> {
    require(fs::metadata(path)?.file_type())?;
    // Something else may be there by now: this does not wait for a pipe's other end.
    let file = File::options()
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(path)?;
    require(file.metadata()?.file_type())?;
    Ok(file)
}

/// All bytes of a file.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = open(path)?;
    // Room for it all at once, and for the read that finds its end.
    let size = usize::try_from(file.metadata()?.len()).unwrap_or(0);
    let mut bytes = Vec::with_capacity(size.saturating_add(1));
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The text in a file; an error if it is not UTF-8.
pub fn read_to_string(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    open(path)?.read_to_string(&mut text)?;
    Ok(text)
}

/// An error that says what it is, unless it is a file.
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
