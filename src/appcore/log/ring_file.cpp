#include "appcore/log/ring_file.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace appcore::log {
namespace {

constexpr std::string_view kRingSuffix = ".log-ring";
constexpr std::string_view kLeftSuffix = ".log-left";
constexpr std::string_view kNewSuffix = ".log-new";
constexpr std::string_view kDamagedSuffix = ".log-damaged";
constexpr mode_t kRingMode = 0640;

std::string file_of(std::string_view name, std::string_view suffix) {
    return std::string(name).append(suffix);
}

system::FileDescriptor open_file(int directory, const std::string& file, int more = 0) {
    // O_NONBLOCK: whatever bears the name, opening it does not wait.
    const int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | more;
    return system::FileDescriptor(::openat(directory, file.c_str(), flags, kRingMode));
}

Status rename_file(int directory, const std::string& from, const std::string& to) {
    if (::renameat(directory, from.c_str(), directory, to.c_str()) != 0) {
        return errno_error(from + " to " + to);
    }
    return Done{};
}

// Written aside, so that what bears the ring's name is always whole.
Result<std::shared_ptr<Ring>> create(int directory, const std::string& name) {
    const std::string aside = file_of(name, kNewSuffix);
    ::unlinkat(directory, aside.c_str(), 0);
    const system::FileDescriptor file = open_file(directory, aside, O_CREAT | O_EXCL);
    if (!file.is_open()) return errno_error(aside);
    std::uint64_t identity = 0;
    while (identity == 0) {
        if (::getrandom(&identity, sizeof identity, 0) < 0) return errno_error("getrandom");
    }
    Result<std::shared_ptr<Ring>> ring = Ring::make(file, identity);
    if (ring) {
        if (Status moved = rename_file(directory, aside, file_of(name, kRingSuffix)); !moved) {
            ring = moved.error();
        }
    }
    if (!ring) ::unlinkat(directory, aside.c_str(), 0);
    return ring;
}

// Whether it is the file's fault. What the system refuses now (memory, room, descriptors) the next
// holder may get, and the lines of the one before.
bool is_damage(const Error& error) {
    return error.code == 0 || error.code == ELOOP;
}

// The ring in `file`; nothing, or what is wrong with it, which is set aside then.
Result<RingReading> open_ring(int directory, const std::string& name, const std::string& file) {
    const system::FileDescriptor descriptor = open_file(directory, file);
    if (!descriptor.is_open() && errno == ENOENT) return RingReading{};
    Result<std::shared_ptr<Ring>> ring = descriptor.is_open()
                                             ? Ring::open(descriptor)
                                             : Result<std::shared_ptr<Ring>>(errno_error(file));
    if (ring) return RingReading{std::move(ring).value(), {}};
    if (!is_damage(ring.error())) return ring.error();
    const std::string damaged = file_of(name, kDamagedSuffix);
    if (Status aside = rename_file(directory, file, damaged); !aside) return aside.error();
    return RingReading{nullptr, file + " is set aside as " + damaged + ": " + ring.error().message};
}

}  // namespace

Result<RingReading> take_ring(const std::string& state_directory, const std::string& name,
                              const RingMark& mark, std::shared_ptr<const void> lock) {
    const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
    const system::FileDescriptor directory_fd(::open(state_directory.c_str(), flags));
    if (!directory_fd.is_open()) return errno_error("state directory " + state_directory);
    const int directory = directory_fd.get();
    Result<RingReading> found = open_ring(directory, name, file_of(name, kRingSuffix));
    if (!found) return found;
    RingReading& reading = found.value();
    if (reading.ring) {
        if (reading.ring->identity() == mark.identity) reading.ring->publish_up_to(mark.position);
    } else {
        Result<std::shared_ptr<Ring>> fresh = create(directory, name);
        if (!fresh) return fresh.error();
        reading.ring = std::move(fresh).value();
    }
    reading.ring->keep(std::move(lock));
    return found;
}

bool has_lines(int directory, const std::string& name, const RingMark& mark) {
    const std::string file = file_of(name, kRingSuffix);
    const system::FileDescriptor descriptor = open_file(directory, file);
    if (!descriptor.is_open()) return false;
    RingHeader header = {};
    if (::pread(descriptor.get(), &header, sizeof header, 0) !=
        static_cast<ssize_t>(sizeof header)) {
        return true;
    }
    return header.published != header.written ||
           (header.identity == mark.identity && mark.position > header.published);
}

Result<std::string> leave_ring(int directory, const std::string& name, const RingMark& mark) {
    const std::string left = file_of(name, kLeftSuffix);
    if (::faccessat(directory, left.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
        return Error{left + " is still there"};
    }
    const std::string file = file_of(name, kRingSuffix);
    Result<RingReading> found = open_ring(directory, name, file);
    if (!found) return found.error();
    const std::shared_ptr<Ring>& ring = found.value().ring;
    if (!ring) return std::move(found.value().problem);
    if (ring->identity() == mark.identity) ring->publish_up_to(mark.position);
    if (Status moved = rename_file(directory, file, left); !moved) return moved.error();
    return std::string();
}

std::vector<std::string> list_left_rings(int directory) {
    // A stream of its own, so that concurrent listings do not share a position.
    system::FileDescriptor fd{::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!fd.is_open()) return {};
    const std::unique_ptr<DIR, int (*)(DIR*)> stream{::fdopendir(fd.get()), ::closedir};
    if (!stream) return {};
    static_cast<void>(fd.release());  // the stream closes it
    std::vector<std::string> names;
    while (const dirent* entry = ::readdir(stream.get())) {  // NOLINT(concurrency-mt-unsafe)
        std::string_view file = entry->d_name;
        if (!file.ends_with(kLeftSuffix)) continue;
        file.remove_suffix(kLeftSuffix.size());
        names.emplace_back(file);
    }
    std::ranges::sort(names);
    return names;
}

Result<RingReading> open_left_ring(int directory, const std::string& name) {
    Result<RingReading> found = open_ring(directory, name, file_of(name, kLeftSuffix));
    if (found && found.value().ring) found.value().ring->close();
    return found;
}

void remove_left_ring(int directory, const std::string& name) {
    ::unlinkat(directory, file_of(name, kLeftSuffix).c_str(), 0);
}

}  // namespace appcore::log
