"""Tags and flags of RPM's headers by number.

https://github.com/rpm-software-management/rpm/blob/master/include/rpm/rpmtag.h, and rpmds.h for the senses.
"""

# The signature header's; those of the main header that have the same numbers mean something else.
SIGNATURES, MAIN = 62, 63  # the regions: which entries were there when the header was signed
SIG_DSA, SIG_RSA, SIG_SHA1, SIG_SHA256, SIG_OPENPGP = 267, 268, 269, 273, 278
SIG_SIZE, SIG_MD5, SIG_PAYLOAD_SIZE = 1000, 1004, 1007

LANGUAGES = 100
NAME, VERSION, RELEASE, EPOCH = 1000, 1001, 1002, 1003
SUMMARY, DESCRIPTION, BUILD_TIME, BUILD_HOST, SIZE = 1004, 1005, 1006, 1007, 1009
VENDOR, LICENSE, PACKAGER, GROUP, URL, OS, ARCH = 1011, 1014, 1015, 1016, 1020, 1021, 1022
SOURCE_RPM, RPM_VERSION, ENCODING = 1044, 1064, 5062

FILE_SIZES, FILE_MODES, FILE_DEVICES, FILE_TIMES, FILE_DIGESTS, FILE_LINKS = (
    1028,
    1030,
    1033,
    1034,
    1035,
    1036,
)
FILE_FLAGS, FILE_USERS, FILE_GROUPS, FILE_VERIFY, FILE_DEVICE, FILE_INODES = (
    1037,
    1039,
    1040,
    1045,
    1095,
    1096,
)
FILE_LANGUAGES, DIR_INDEXES, BASENAMES, DIR_NAMES, DIGEST_ALGORITHM = 1097, 1116, 1117, 1118, 5011
GHOST = 64  # listed, but not in the payload
SHA256 = 8

CHANGELOG_TIME, CHANGELOG_NAME, CHANGELOG_TEXT = 1080, 1081, 1082
PAYLOAD_FORMAT, PAYLOAD_COMPRESSOR, PAYLOAD_FLAGS = 1124, 1125, 1126
PAYLOAD_DIGEST, PAYLOAD_ALGORITHM, ARCHIVE_DIGEST = 5092, 5093, 5097

# Of each kind of relation: the tags of names, versions and flags.
RELATIONS = {
    "provides": (1047, 1113, 1112),
    "depends": (1049, 1050, 1048),
    "conflicts": (1054, 1055, 1053),
    "replaces": (1090, 1115, 1114),
    "recommends": (5046, 5047, 5048),
    "suggests": (5049, 5050, 5051),
}
SENSES = {"": 0, "<": 2, ">": 4, "=": 8, "<=": 10, ">=": 12}
COMPARED, INTERPRETER, RPMLIB = 14, 1 << 8, 1 << 24
# Of each script: its tag, that of its interpreter, and the flag of the requirement on that.
SCRIPTS = {
    "preinstall": (1023, 1085, 1 << 9),
    "postinstall": (1024, 1086, 1 << 10),
    "preremove": (1025, 1087, 1 << 11),
    "postremove": (1026, 1088, 1 << 12),
    "pretrans": (1151, 1153, 1 << 7),
    "posttrans": (1152, 1154, 1 << 5),
}
