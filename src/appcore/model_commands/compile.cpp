#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "appcore/model_commands/commands.hpp"
#include "appcore/model_commands/open_model.hpp"
#include "appcore/models/acm_writer.hpp"
#include "appcore/system/file_descriptor.hpp"

namespace appcore::model_commands {
namespace {

constexpr mode_t kMode = 0444;  // workers map the file; nobody writes to it

Status write_all(int file, std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(file, bytes.data(), bytes.size());
        if (written < 0) {
            if (errno == EINTR) continue;
            return errno_error("write");
        }
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return Done{};
}

bool is_at(int file, const std::string& path) {
    struct stat opened {};
    struct stat named {};
    return ::fstat(file, &opened) == 0 && ::stat(path.c_str(), &named) == 0 &&
           opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

// Waits for a command that writes the file, and removes what a killed one has left.
Status remove_unlocked(const std::string& path) {
    const system::FileDescriptor file(
        ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (!file.is_open()) {
        if (errno == ENOENT) return Done{};
        return errno_error(path);
    }
    if (::flock(file.get(), LOCK_EX) != 0) return errno_error(path + ": flock");
    // Meanwhile it may be the model that the other command has placed, or a third one's.
    if (is_at(file.get(), path) && ::unlink(path.c_str()) != 0) return errno_error(path);
    return Done{};
}

// Makes a file of which other commands know by its lock that it is being written.
Result<system::FileDescriptor> create_locked(const std::string& path) {
    while (true) {
        system::FileDescriptor file(
            ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR));
        if (file.is_open()) {
            // Without locks on its file system nobody removes it, either.
            static_cast<void>(::flock(file.get(), LOCK_EX));
            // Another command may have removed it before it was locked.
            if (is_at(file.get(), path)) return file;
        } else if (errno != EEXIST) {
            return errno_error(path);
        } else if (const Status removed = remove_unlocked(path); !removed) {
            return removed.error();
        }
    }
}

// Writes beside the file and renames: a model that is mapped must not change, and whoever looks
// finds the old file or the new one, whole.
Status write_file(const std::string& path, std::span<const std::byte> bytes) {
    const std::string aside = path + ".unfinished";
    const auto created = create_locked(aside);
    if (!created) return created.error();
    const system::FileDescriptor& file = created.value();
    Status done = write_all(file.get(), bytes);
    if (done && ::fchmod(file.get(), kMode) != 0) done = errno_error("fchmod");
    if (done && ::fsync(file.get()) != 0) done = errno_error("fsync");
    if (done && ::rename(aside.c_str(), path.c_str()) != 0) done = errno_error("rename");
    if (!done) {
        ::unlink(aside.c_str());
        return Error{path + ": " + done.error().message};
    }
    return done;
}

std::string default_output(const std::string& source) {
    return std::filesystem::path(source).replace_extension(".acm").string();
}

}  // namespace

Result<std::string> compile(const Arguments& arguments) {
    const std::string& source = arguments.files.front();
    const std::string output =
        arguments.output_file.empty() ? default_output(source) : arguments.output_file;
    const auto compiled = compile_file(source, arguments);
    if (!compiled) return compiled.error();
    const auto view = models::read_model(compiled.value().bytes());
    if (!view) return view.error();
    const std::span<const std::byte> bytes = compiled.value().bytes();
    if (const Status written = write_file(output, bytes); !written) return written.error();
    return describe_model(view.value(), output, bytes.size(), arguments.json);
}

}  // namespace appcore::model_commands
