#include "appcore/system/mapped_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <utility>

#include "appcore/system/file_descriptor.hpp"

namespace appcore::system {

void MappedFile::Unmap::operator()(const std::byte* bytes) const {
    // munmap() takes what mmap() gave, which was not const.
    ::munmap(const_cast<std::byte*>(bytes), size);  // NOLINT(cppcoreguidelines-pro-type-const-cast)
}

Result<MappedFile> MappedFile::open(const std::string& path, std::uint64_t most) {
    // Not blocking, so that a FIFO is refused instead of waited for.
    const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!file.is_open()) return errno_error(path);
    struct stat facts {};
    if (::fstat(file.get(), &facts) != 0) return errno_error(path);
    if (!S_ISREG(facts.st_mode)) return Error{path + ": not a regular file"};
    const auto size = static_cast<std::uint64_t>(facts.st_size);
    if (size == 0) return Error{path + ": the file is empty"};
    if (size > most) {
        return Error{path + ": the file has " + std::to_string(size) + " bytes, the limit is " +
                     std::to_string(most)};
    }
    void* const memory = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file.get(), 0);
    if (memory == MAP_FAILED) return errno_error(path);
    return MappedFile(Bytes(static_cast<const std::byte*>(memory), Unmap{size}));
}

}  // namespace appcore::system
