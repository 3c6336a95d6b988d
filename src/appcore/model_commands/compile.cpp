#include <fcntl.h>
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

// Writes beside the file and renames: a model that is mapped must not change, and whoever looks
// finds the old file or the new one, whole.
Status write_file(const std::string& path, std::span<const std::byte> bytes) {
    const std::string aside = path + ".new-" + std::to_string(::getpid());
    const system::FileDescriptor file(
        ::open(aside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR));
    if (!file.is_open()) return errno_error(aside);
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
