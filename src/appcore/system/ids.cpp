#include "appcore/system/ids.hpp"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

namespace appcore::system {

Uuid::Uuid(const std::array<unsigned char, 16>& random) {
    static constexpr std::string_view kHex = "0123456789abcdef";
    std::array<unsigned char, 16> bytes = random;
    bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0fU) | 0x40U);  // version 4
    bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3fU) | 0x80U);  // RFC 9562's variant
    std::size_t at = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) text_[at++] = '-';
        text_[at++] = kHex[bytes[i] >> 4U];
        text_[at++] = kHex[bytes[i] & 0x0fU];
    }
}

Uuid RandomIds::next() {
    if (used_ == block_.size()) {
        std::size_t filled = 0;
        while (filled < block_.size()) {
            const ssize_t n = getrandom(&block_[filled], block_.size() - filled, 0);
            if (n > 0) filled += static_cast<std::size_t>(n);
            // A kernel without randomness cannot be helped, and ids that repeat are worse.
            if (n < 0 && errno != EINTR) std::abort();
        }
        used_ = 0;
    }
    std::array<unsigned char, 16> random{};
    std::copy_n(&block_[used_], random.size(), random.begin());
    used_ += random.size();
    return Uuid(random);
}

}  // namespace appcore::system
