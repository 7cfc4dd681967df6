import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from hub.ledger.checkpoint import Checkpoint, cosign, open_checkpoint, sign_checkpoint
from hub.ledger.note import Kind, NoteError, SigningKey, VerifierKey
from hub.ledger.tree import EMPTY_ROOT
from tests.ledger.attempts import attempt, fine

# The Go checksum database: its key from go.dev (GOSUMDB), and the checkpoint of C2SP
# tlog-checkpoint's example, which is the database's under another name.
SUMDB = VerifierKey.parse("sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8")
SUMDB_CHECKPOINT = (
    "go.sum database tree\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— sum.golang.org Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+"
    "zyWE+xeMcTOAYQ8=\n"
)
# A staging log of Certificate Transparency and four public witnesses, from the tests of
# github.com/florolf/cross-examination; the witnesses' keys are those they publish.
ARCHE = VerifierKey.parse(
    "arche2025h1.staging.ct.transparency.dev+ba2f06c0+AU0vHmlGCS/PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f"
)
WITNESSES = [
    VerifierKey.parse(key)
    for key in (
        "transparency.dev/DEV:witness-little-garden+d8042a87"
        "+BCtusOxINQNUTN5Oj8HObRkh2yHf/MwYaGX4CPdiVEPM",
        "witness1.smartit.nu/witness1+a48c820f+BPSFWg9G6KPiO7QPryYO5Xq4oYJJ+kAvLKLSimDhoxMO",
        "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2",
        "witness.stagemole.eu+67f7aea0+BEqSG3yu9YrmcM3BHvQYTxwFj3uSWakQepafafpUqklv",
    )
]
ARCHE_CHECKPOINT = """\
arche2025h1.staging.ct.transparency.dev
1432088532
U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=

— arche2025h1.staging.ct.transparency.dev zTM8sQAAAZ5W0WdjBAMARjBEAiBjW5IQf9pvsYLfQFX6hoGREPMHbdQ3urbllzalApkptQIgIpwtEroeW2BXaHAI4kJXFbon5Ch9MNL5zRNZ55lvGt0=
— arche2025h1.staging.ct.transparency.dev ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3NygNI75MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=
— transparency.dev/DEV:witness-little-garden 2AQqhwAAAABqEiEgzgFIqqhbUoDwjMWE6UP8nd8/KYTzwZ2rhIgcqoXHAwVkjZr4AscylP3v7sEodkRAErumC2q44vdgJY096st5BQ==
— witness1.smartit.nu/witness1 pIyCDwAAAABqEiEghIp82KWebrw7/oHQwlTAm3g2RKS4+eebl8eO0WH+/iEcxZ75W3u5hNI7TOQtmJbqmNWVuE0tgh0XwzdZsDsUAQ==
— remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5XeU/zZ0WBxtqB0DrAWfBw==
— witness.stagemole.eu Z/euoAAAAABqEiEgw0i+7g2ENfDAWHmtRzCfKTHSDwYDJA2NmKeGi9Y8FtEyOUvVr+AJmIY/2TUFucgKi7lI7cUiOvKFYe/TmN9DAg==
"""  # noqa: E501
HOME = SigningKey("home.example/log", Ed25519PrivateKey.from_private_bytes(bytes(32)))
FRIEND = SigningKey(
    "friend.example", Ed25519PrivateKey.from_private_bytes(bytes(31) + b"\x01"), Kind.COSIGNATURE
)
CHECKPOINT = Checkpoint("home.example/log", 7, bytes(range(32)))


def test_the_checksum_databases_checkpoint_is_true():
    opened = open_checkpoint(SUMDB_CHECKPOINT, SUMDB, origin="go.sum database tree")
    assert opened.checkpoint.size == 20852163
    assert opened.checkpoint.text + "\n" == SUMDB_CHECKPOINT[: SUMDB_CHECKPOINT.index("—")]


def test_public_witnesses_cosignatures_are_true():
    opened = open_checkpoint(ARCHE_CHECKPOINT, ARCHE, witnesses=WITNESSES)
    assert [one.key for one in opened.cosignatures] == WITNESSES
    assert {one.at for one in opened.cosignatures} == {0x6A122120}


@pytest.mark.parametrize("witness", WITNESSES, ids=lambda key: key.name)
def test_a_cosignature_covers_its_time(witness):
    at = ARCHE_CHECKPOINT.index(f"— {witness.name} ") + len(f"— {witness.name} ") + 14
    changed = ARCHE_CHECKPOINT[:at] + "B" + ARCHE_CHECKPOINT[at + 1 :]
    with pytest.raises(NoteError, match="is false"):
        open_checkpoint(changed, ARCHE, witnesses=[witness])


def test_a_checkpoint_is_signed_witnessed_and_read_again():
    note = sign_checkpoint(CHECKPOINT, HOME)
    opened = open_checkpoint(str(note), HOME.verifier)
    witnessed = str(cosign(opened, FRIEND, at=1_800_000_000))
    again = open_checkpoint(witnessed, HOME.verifier, witnesses=[FRIEND.verifier])
    assert again.checkpoint == CHECKPOINT
    assert [(one.key.name, one.at) for one in again.cosignatures] == [
        ("friend.example", 1_800_000_000)
    ]
    assert open_checkpoint(witnessed, HOME.verifier).cosignatures == ()


def test_extension_lines_are_signed():
    extended = Checkpoint("home.example/log", 7, bytes(32), ("one", "two"))
    text = str(sign_checkpoint(extended, HOME))
    assert open_checkpoint(text, HOME.verifier).checkpoint == extended
    with pytest.raises(NoteError, match="is false"):
        open_checkpoint(text.replace("\ntwo\n", "\ntoo\n"), HOME.verifier)


def test_a_log_that_signs_in_anothers_name_is_refused():
    note = sign_checkpoint(Checkpoint("other.example", 7, bytes(32)), HOME)
    with pytest.raises(NoteError, match=r"of 'other.example', not of 'home.example/log'"):
        open_checkpoint(str(note), HOME.verifier)


def test_a_checkpoint_only_others_signed_is_refused():
    with pytest.raises(NoteError, match=r"not signed by home.example/log"):
        open_checkpoint(SUMDB_CHECKPOINT, HOME.verifier)


def test_a_logs_key_is_no_witness():
    opened = open_checkpoint(str(sign_checkpoint(CHECKPOINT, HOME)), HOME.verifier)
    with pytest.raises(NoteError, match="not a witness's key"):
        cosign(opened, HOME, at=1)


ROOT = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Log\n9944\n", "three lines"),
        (f"\n9944\n{ROOT}\n", "no empty ones"),
        (f"Log\n123\n{ROOT}", "three lines"),
        (f"Log\nbananas\n{ROOT}\n", "size is not a decimal"),
        (f"Log\n-34\n{ROOT}\n", "size is not a decimal"),
        (f"Log\n+34\n{ROOT}\n", "size is not a decimal"),
        (f"Log\n034\n{ROOT}\n", "size is not a decimal"),
        (f"Log\n٣\n{ROOT}\n", "size is not a decimal"),
        (f"Log\n{1 << 63}\n{ROOT}\n", "size is not a decimal"),
        (f"Log\n{'9' * 5000}\n{ROOT}\n", "size is not a decimal"),
        ("Log\n123\nThisIsn'tBase64\n", "root is not Base64"),
        ("Log\n123\nYmFuYW5hcw==\n", "root has 7 bytes"),
        (f"Log\n123\n{ROOT}\n\n", "no empty ones"),
        (f"Log\n0\n{ROOT}\n", "empty log"),
        (f"Log\n1\n{ROOT}\n" + "more\n" * 17, "at most 16"),
    ],
)
def test_what_is_no_checkpoint_is_refused(text, why):
    with pytest.raises(NoteError, match=why):
        Checkpoint.parse(text)


@pytest.mark.parametrize(
    "checkpoint",
    [
        Checkpoint("two\nlines", 1, bytes(32)),
        Checkpoint("", 1, bytes(32)),
        Checkpoint("log", -1, bytes(32)),
        Checkpoint("log", 0, bytes(32)),
        Checkpoint("log", 1, bytes(31)),
        Checkpoint("log", 1, bytes(32), ("",)),
    ],
)
def test_what_cannot_be_written_is_not_signed(checkpoint):
    with pytest.raises(NoteError):
        sign_checkpoint(checkpoint, HOME)


def test_an_empty_log_has_a_checkpoint():
    note = sign_checkpoint(Checkpoint(HOME.name, 0, EMPTY_ROOT), HOME)
    assert open_checkpoint(str(note), HOME.verifier).checkpoint.size == 0


@given(st.lists(st.sampled_from(["log", "0", "12", ROOT, "", " ", "é"]), max_size=6).map("\n".join))
def test_any_text_is_a_checkpoint_or_refused_in_one_line(text):
    found, why = attempt(Checkpoint.parse, text, NoteError)
    assert fine(why, lambda: found.text == text)
