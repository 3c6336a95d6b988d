#include "appcore/metrics/certificate.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <system_error>

#include "appcore/system/file_descriptor.hpp"

namespace appcore::metrics {

std::optional<double> read_certificate_end(const std::string& path) {
    const system::FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    std::array<char, 32> text{};
    const ssize_t size = file.is_open() ? ::read(file.get(), text.data(), text.size()) : -1;
    if (size <= 0) return std::nullopt;
    std::int64_t seconds = 0;
    const char* const end = text.data() + size;
    const auto [stop, error] = std::from_chars(text.data(), end, seconds);
    if (error != std::errc{} || (stop != end && *stop != '\n')) return std::nullopt;
    return static_cast<double>(seconds);
}

}  // namespace appcore::metrics
