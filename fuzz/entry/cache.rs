//! Any bytes as an entry of the cache, and as the contents of one that is then damaged.

use tg_toolchain::Key;

/// The first four bytes say where an entry with the others is damaged, and how.
pub fn cache(bytes: &[u8]) {
    let key = Key::of(["any"]);
    if let Some(opened) = key.open(bytes.to_vec()) {
        assert_eq!(key.seal(&opened), bytes, "only what was sealed opens");
    }
    let Some((damage, contents)) = bytes.split_first_chunk::<4>() else { return };
    let sealed = key.seal(contents);
    let at = (usize::from(damage[0]) | usize::from(damage[1]) << 8) % sealed.len();
    assert_eq!(key.open(sealed[..at].to_vec()), None, "cut off at {at}");
    let mut flipped = sealed.clone();
    flipped[at] ^= damage[2].max(1);
    assert_eq!(key.open(flipped), None, "changed at {at}");
    assert_eq!(key.open([sealed.as_slice(), &damage[3..]].concat()), None, "too long");
    assert_eq!(Key::of(["another"]).open(sealed.clone()), None, "under another key");
    assert_eq!(key.open(sealed).as_deref(), Some(contents));
}
