#include "appcore/guard/file_rules.hpp"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>

#include "appcore/guard/sanitizer.hpp"
#include "appcore/system/file_descriptor.hpp"

namespace appcore::guard {
namespace {

// Of later versions of the interface than the header of Debian 12 knows.
constexpr std::uint64_t kTruncate = 1U << 14U;         // version 3
constexpr std::uint64_t kDeviceIoctl = 1U << 15U;      // version 5
constexpr std::uint64_t kTcpBindAndConnect = 3;        // version 4
constexpr std::uint64_t kAbstractSocketAndSignal = 3;  // version 6

// struct landlock_ruleset_attr, which grows with the version.
struct RulesetAttributes {
    std::uint64_t files;
    std::uint64_t network;
    std::uint64_t scopes;
};

constexpr std::uint64_t kStateAccess = LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_READ_FILE |
                                       LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |
                                       LANDLOCK_ACCESS_FS_REMOVE_FILE;
constexpr std::uint64_t kLogAccess =
    LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | kTruncate;

// Everything that this version can take away: what it does not know of stays allowed.
RulesetAttributes everything(long version) {
    RulesetAttributes attributes{};
    attributes.files = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1U) - 1;  // version 1: all up to that
    if (version >= 2) attributes.files |= LANDLOCK_ACCESS_FS_REFER;
    if (version >= 3) attributes.files |= kTruncate;
    if (version >= 4) attributes.network = kTcpBindAndConnect;
    if (version >= 5) attributes.files |= kDeviceIoctl;
    if (version >= 6) attributes.scopes = kAbstractSocketAndSignal;
    return attributes;
}

std::size_t size_of(long version) {
    if (version >= 6) return sizeof(RulesetAttributes);
    return version >= 4 ? offsetof(RulesetAttributes, scopes)
                        : offsetof(RulesetAttributes, network);
}

Status allow_below(int ruleset, const std::string& path, std::uint64_t access) {
    const system::FileDescriptor directory{::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
    if (!directory.is_open()) return Done{};
    landlock_path_beneath_attr rule{};
    rule.allowed_access = access;
    rule.parent_fd = directory.get();
    if (::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0) {
        return errno_error("Landlock: " + path);
    }
    return Done{};
}

// Whether files may be made by nobody but this user and root.
bool is_private(const std::string& directory) {
    struct stat status {};
    return directory != "/" && ::stat(directory.c_str(), &status) == 0 &&
           (status.st_mode & S_IWOTH) == 0;
}

Status allow_directory(int ruleset, const std::filesystem::path& directory, std::uint64_t access) {
    if (directory.empty()) return Done{};
    if (Status allowed = allow_below(ruleset, directory.string(), access); !allowed) return allowed;
    const std::string parent = directory.parent_path().string();
    return is_private(parent) ? allow_below(ruleset, parent, access) : Done{};
}

}  // namespace

Status restrict_files(const FileRules& rules) {
    if (kHasSanitizer) return Done{};  // its reports need more
    const long version =
        ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (version < 1) return errno_error("Landlock");
    const RulesetAttributes attributes = everything(version);
    const system::FileDescriptor ruleset{
        static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, size_of(version), 0))};
    if (!ruleset.is_open()) return errno_error("Landlock");
    const std::filesystem::path log(rules.log_file);
    if (Status allowed =
            allow_directory(ruleset.get(), rules.state_directory, kStateAccess & attributes.files);
        !allowed) {
        return allowed;
    }
    if (Status allowed =
            allow_directory(ruleset.get(), log.parent_path(), kLogAccess & attributes.files);
        !allowed) {
        return allowed;
    }
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno_error("PR_SET_NO_NEW_PRIVS");
    if (::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0)
        return errno_error("Landlock");
    return Done{};
}

}  // namespace appcore::guard
