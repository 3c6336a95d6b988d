#include "appcore/system/process.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

#include "appcore/system/file_descriptor.hpp"

namespace appcore::system {
namespace {

// Takes a number from the front of `text`, and the space behind it.
std::optional<std::uint64_t> take_number(std::string_view& text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{}) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (!text.empty()) text.remove_prefix(1);
    return value;
}

struct CloseDirectory {
    void operator()(DIR* directory) const { ::closedir(directory); }
};

// The files in /proc/PID/fd. Linux 6.2 and newer tell their number as the directory's size; older
// ones have to be asked for each.
std::uint64_t count_files(const std::string& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) == 0 && status.st_size > 0) {
        return static_cast<std::uint64_t>(status.st_size);
    }
    const std::unique_ptr<DIR, CloseDirectory> directory(::opendir(path.c_str()));
    if (!directory) return 0;
    std::uint64_t count = 0;
    while (::readdir(directory.get()) != nullptr) ++count;
    return count > 2 ? count - 2 : 0;  // without "." and ".."
}

}  // namespace

std::optional<ProcessUsage> process_usage(pid_t pid) {
    const std::string directory = "/proc/" + std::to_string(pid);
    const FileDescriptor file(::open((directory + "/statm").c_str(), O_RDONLY | O_CLOEXEC));
    std::array<char, 128> buffer{};
    const ssize_t size = file.is_open() ? ::read(file.get(), buffer.data(), buffer.size()) : -1;
    if (size <= 0) return std::nullopt;
    std::string_view text(buffer.data(), static_cast<std::size_t>(size));
    const auto virtual_pages = take_number(text);
    const auto resident_pages = take_number(text);
    // A zombie has no memory.
    if (!virtual_pages || !resident_pages || *virtual_pages == 0) return std::nullopt;
    const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    return ProcessUsage{*resident_pages * page, *virtual_pages * page,
                        count_files(directory + "/fd")};
}

}  // namespace appcore::system
