#include "appcore/store/slot_file.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <memory>
#include <utility>

namespace appcore::store {
namespace {

constexpr std::string_view kSlotSuffix = ".slot";
constexpr std::string_view kLockSuffix = ".lock";
constexpr std::string_view kNewSuffix = ".new";
constexpr std::string_view kDamagedSuffix = ".damaged";
constexpr mode_t kFileMode = 0640;  // the metrics program may run as another user of the group
constexpr std::size_t kMaxName = 64;
constexpr std::chrono::milliseconds kStep{5};

std::string with_suffix(std::string_view name, std::string_view suffix) {
    return std::string(name) + std::string(suffix);
}

bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

struct flock whole_file(short type) {
    struct flock lock {};
    lock.l_type = type;
    lock.l_whence = SEEK_SET;
    return lock;
}

Result<MappedSlot> map_file(const system::FileDescriptor& fd, const std::string& file) {
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0) return errno_error(file);
    void* const memory =
        ::mmap(nullptr, sizeof(Slot), PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
    if (memory == MAP_FAILED) return errno_error("mmap " + file);  // NOLINT: the macro's cast
    return MappedSlot{static_cast<Slot*>(memory), status.st_ino};
}

bool write_fully(int fd, const Slot& content) {
    const auto* bytes = reinterpret_cast<const char*>(&content);  // NOLINT: written as it is
    std::size_t left = sizeof content;
    while (left > 0) {
        const ssize_t written = ::write(fd, bytes, left);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        bytes += written;
        left -= static_cast<std::size_t>(written);
    }
    return true;
}

}  // namespace

MappedSlot::MappedSlot(MappedSlot&& other) noexcept
    : slot_(std::exchange(other.slot_, nullptr)), inode_(std::exchange(other.inode_, 0)) {}

MappedSlot& MappedSlot::operator=(MappedSlot&& other) noexcept {
    std::swap(slot_, other.slot_);
    std::swap(inode_, other.inode_);
    return *this;
}

MappedSlot::~MappedSlot() {
    if (slot_ != nullptr) ::munmap(slot_, sizeof(Slot));
}

std::string slot_file(std::string_view name) {
    return with_suffix(name, kSlotSuffix);
}

bool is_slot_name(std::string_view name) {
    return !name.empty() && name.size() <= kMaxName && std::ranges::all_of(name, is_name_character);
}

Result<system::FileDescriptor> open_state_directory(const std::string& path) {
    system::FileDescriptor fd{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!fd.is_open()) return errno_error("state directory " + path);
    return fd;
}

Result<system::FileDescriptor> lock_slot(int directory, const std::string& name,
                                         std::chrono::milliseconds longest_wait) {
    const std::string file = with_suffix(name, kLockSuffix);
    const int flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
    system::FileDescriptor fd{::openat(directory, file.c_str(), flags, kFileMode)};
    if (!fd.is_open()) return errno_error(file);
    int result = 0;
    for (auto waited = std::chrono::milliseconds(0); waited < longest_wait; waited += kStep) {
        struct flock lock = whole_file(F_WRLCK);
        result = ::fcntl(fd.get(), F_OFD_SETLK, &lock);
        if (result == 0 || (errno != EAGAIN && errno != EACCES)) break;
        const int reason = errno;
        const timespec pause = {0, std::chrono::nanoseconds(kStep).count()};
        ::nanosleep(&pause, nullptr);
        errno = reason;
    }
    if (result != 0) {
        if (errno == EAGAIN || errno == EACCES) {
            return Error{"slot " + name + " is held by another process"};
        }
        return errno_error("lock " + file);
    }
    return fd;
}

bool is_lock_of(const system::FileDescriptor& lock, int directory, const std::string& name) {
    struct stat held {};
    struct stat there {};
    return ::fstat(lock.get(), &held) == 0 &&
           ::fstatat(directory, with_suffix(name, kLockSuffix).c_str(), &there,
                     AT_SYMLINK_NOFOLLOW) == 0 &&
           held.st_dev == there.st_dev && held.st_ino == there.st_ino;
}

bool is_slot_held(int directory, const std::string& name) {
    const std::string file = with_suffix(name, kLockSuffix);
    const int flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
    const system::FileDescriptor fd{::openat(directory, file.c_str(), flags)};
    if (!fd.is_open()) return false;
    struct flock lock = whole_file(F_WRLCK);
    return ::fcntl(fd.get(), F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

Result<std::vector<std::string>> list_slots(int directory) {
    // A stream of its own, so that concurrent listings do not share a position.
    system::FileDescriptor fd{::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!fd.is_open()) return errno_error("state directory");
    const std::unique_ptr<DIR, int (*)(DIR*)> stream{::fdopendir(fd.get()), ::closedir};
    if (!stream) return errno_error("state directory");
    static_cast<void>(fd.release());  // the stream closes it
    std::vector<std::string> names;
    for (errno = 0; const dirent* entry = ::readdir(stream.get());  // NOLINT(concurrency-mt-unsafe)
         errno = 0) {
        std::string_view file = entry->d_name;
        if (!file.ends_with(kSlotSuffix)) continue;
        file.remove_suffix(kSlotSuffix.size());
        if (is_slot_name(file)) names.emplace_back(file);
    }
    if (errno != 0) return errno_error("state directory");
    std::ranges::sort(names);
    names.resize(std::min(names.size(), kMaxSlots));
    return names;
}

Result<MappedSlot> map_slot(int directory, const std::string& name) {
    const std::string file = slot_file(name);
    const int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
    const system::FileDescriptor fd{::openat(directory, file.c_str(), flags)};
    if (!fd.is_open()) return errno_error(file);
    // A hole would have to be filled when it is written to, and a full file system answers that
    // with SIGBUS.
    if (const int error = ::posix_fallocate(fd.get(), 0, sizeof(Slot)); error != 0) {
        errno = error;
        return errno_error(file);
    }
    return map_file(fd, file);
}

Result<MappedSlot> replace_slot(int directory, const std::string& name, const Slot& content) {
    const std::string aside = with_suffix(name, kNewSuffix);
    ::unlinkat(directory, aside.c_str(), 0);
    const int flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
    const system::FileDescriptor fd{::openat(directory, aside.c_str(), flags, kFileMode)};
    if (!fd.is_open()) return errno_error(aside);
    Result<MappedSlot> mapped = Error{};
    if (!write_fully(fd.get(), content)) {
        mapped = errno_error(aside);
    } else {
        mapped = map_file(fd, aside);
    }
    if (mapped.ok() &&
        ::renameat(directory, aside.c_str(), directory, slot_file(name).c_str()) != 0) {
        mapped = errno_error(slot_file(name));
    }
    if (!mapped.ok()) ::unlinkat(directory, aside.c_str(), 0);
    return mapped;
}

Status set_slot_aside(int directory, const std::string& name) {
    const std::string damaged = with_suffix(name, kDamagedSuffix);
    if (::renameat(directory, slot_file(name).c_str(), directory, damaged.c_str()) != 0) {
        return errno_error(slot_file(name) + " to " + damaged);
    }
    return Done{};
}

bool is_slot_gone(const std::string& state_directory, const std::string& name,
                  std::uint64_t inode) {
    const std::string path = state_directory + "/" + slot_file(name);
    struct stat status {};
    if (::fstatat(AT_FDCWD, path.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
        return errno == ENOENT || errno == ENOTDIR;
    }
    return status.st_ino != inode;
}

}  // namespace appcore::store
