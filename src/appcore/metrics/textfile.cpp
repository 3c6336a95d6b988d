#include "appcore/metrics/textfile.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <utility>

#include "appcore/system/file_descriptor.hpp"

namespace appcore::metrics {
namespace {

// The collector reads *.prom; mkostemp() replaces the last six characters.
constexpr std::string_view kAsidePrefix = ".appcore.prom.";
constexpr std::string_view kAsidePattern = "XXXXXX";
constexpr mode_t kFileMode = 0644;  // node-exporter is another user

bool write_fully(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(fd, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

void remove_leftovers(const std::string& directory) {
    const std::unique_ptr<DIR, int (*)(DIR*)> stream{::opendir(directory.c_str()), ::closedir};
    if (!stream) return;
    while (const dirent* entry = ::readdir(stream.get())) {  // NOLINT(concurrency-mt-unsafe)
        const std::string_view name = entry->d_name;
        if (name.starts_with(kAsidePrefix) &&
            name.size() == kAsidePrefix.size() + kAsidePattern.size()) {
            ::unlinkat(::dirfd(stream.get()), entry->d_name, 0);
        }
    }
}

}  // namespace

Textfile::Textfile(std::string directory) : directory_(std::move(directory)) {}

Status Textfile::publish(std::string_view text) {
    const system::FileDescriptor directory{
        ::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!directory.is_open()) return errno_error("textfile directory " + directory_);
    if (!is_clean_) {
        remove_leftovers(directory_);
        is_clean_ = true;
    }
    if (inode_ != 0 && text == published_ && touch(directory.get())) return Done{};
    return replace(directory.get(), text);
}

// False unless the file is still the one that was published.
bool Textfile::touch(int directory) const {
    const std::string name{kTextfileName};
    struct stat status {};
    if (::fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return false;
    if (status.st_ino != inode_ || static_cast<std::size_t>(status.st_size) != published_.size()) {
        return false;
    }
    return ::utimensat(directory, name.c_str(), nullptr, AT_SYMLINK_NOFOLLOW) == 0;
}

Status Textfile::replace(int directory, std::string_view text) {
    std::string aside = directory_ + "/" + std::string(kAsidePrefix) + std::string(kAsidePattern);
    const system::FileDescriptor fd{::mkostemp(aside.data(), O_CLOEXEC)};
    if (!fd.is_open()) return errno_error(aside);
    struct stat status {};
    if (!write_fully(fd.get(), text) || ::fchmod(fd.get(), kFileMode) != 0 ||
        ::fstat(fd.get(), &status) != 0 ||
        ::renameat(AT_FDCWD, aside.c_str(), directory, std::string(kTextfileName).c_str()) != 0) {
        Error error = errno_error(directory_ + "/" + std::string(kTextfileName));
        ::unlink(aside.c_str());
        return error;
    }
    published_ = text;
    inode_ = status.st_ino;
    return Done{};
}

}  // namespace appcore::metrics
