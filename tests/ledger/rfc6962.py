"""An independent checker, written from RFC 6962 (2.1) with hashlib alone; it shares no code."""

import base64
import hashlib


def mth(entries):
    """MTH({}) = SHA-256(), MTH({d}) = SHA-256(0 || d), else both sides of the largest 2^k < n."""
    if not entries:
        return hashlib.sha256().digest()
    if len(entries) == 1:
        return hashlib.sha256(b"\x00" + entries[0]).digest()
    k = largest_power_of_two_below(len(entries))
    return hashlib.sha256(b"\x01" + mth(entries[:k]) + mth(entries[k:])).digest()


def path(m, entries):
    """PATH(m, D[n]) of 2.1.1."""
    if len(entries) == 1:
        return []
    k = largest_power_of_two_below(len(entries))
    if m < k:
        return [*path(m, entries[:k]), mth(entries[k:])]
    return [*path(m - k, entries[k:]), mth(entries[:k])]


def proof(m, entries):
    """PROOF(m, D[n]) = SUBPROOF(m, D[n], true) of 2.1.2."""
    return subproof(m, entries, True)


def subproof(m, entries, known):
    if m == len(entries):
        return [] if known else [mth(entries)]
    k = largest_power_of_two_below(len(entries))
    if m <= k:
        return [*subproof(m, entries[:k], known), mth(entries[k:])]
    return [*subproof(m - k, entries[k:], False), mth(entries[:k])]


def largest_power_of_two_below(n):
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def root_of_proof_file(text):
    """The entry, the root its path leads to, and the root the checkpoint names."""
    head, checkpoint = text.split("\n\n", 1)
    _, extra, index, *hashes = head.split("\n")
    entry = base64.b64decode(extra.split(" ")[1]).split(b"\n")[0]
    position = int(index.split(" ")[1])
    _, size, root = checkpoint.split("\n")[:3]
    hashes = [base64.b64decode(line) for line in hashes]
    return entry, climb(entry, position, int(size), hashes), base64.b64decode(root)


def climb(entry, m, n, hashes):
    """The inverse of PATH: the last hash is the sibling at the top."""
    if n == 1:
        assert not hashes
        return hashlib.sha256(b"\x00" + entry).digest()
    k = largest_power_of_two_below(n)
    if m < k:
        pair = climb(entry, m, k, hashes[:-1]) + hashes[-1]
    else:
        pair = hashes[-1] + climb(entry, m - k, n - k, hashes[:-1])
    return hashlib.sha256(b"\x01" + pair).digest()
