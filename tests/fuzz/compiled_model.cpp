// A compiled file, its checksums made to fit, so that what stands behind them is looked at. Input:
// the file.

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "appcore/models/acm_writer.hpp"
#include "appcore/models/evaluator.hpp"
#include "appcore/models/golden_rows.hpp"
#include "appcore/models/sections.hpp"
#include "appcore/system/crc32c.hpp"
#include "fuzz.hpp"

using namespace appcore::models;

namespace {

constexpr std::size_t kLongest = 1 << 24;  // no seed is a thousandth of it

// As far as header and table can be found.
void sign(std::span<std::byte> file) {
    constexpr std::size_t kTableSize = acm::kSections * sizeof(acm::Section);
    if (file.size() < sizeof(acm::Header) + kTableSize) return;
    for (std::size_t i = 0; i < acm::kSections; ++i) {
        std::byte* const place = file.data() + sizeof(acm::Header) + i * sizeof(acm::Section);
        acm::Section section{};
        std::memcpy(&section, place, sizeof section);
        if (section.offset > file.size() || section.size > file.size() - section.offset) continue;
        section.checksum = appcore::system::crc32c(file.subspan(section.offset, section.size));
        std::memcpy(place, &section, sizeof section);
    }
    acm::Header header{};
    std::memcpy(&header, file.data(), sizeof header);
    header.checksum = frame_checksum(header, file.subspan(sizeof header, kTableSize));
    std::memcpy(file.data(), &header, sizeof header);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > kLongest) return 0;
    ModelBytes file(size);
    if (size > 0) std::memcpy(file.bytes().data(), data, size);
    sign(file.bytes());
    const auto view = read_model(file.bytes());
    if (!view) {
        fuzz::ensure(!view.error().message.empty(), "a refusal says why");
        return 0;
    }
    Evaluator evaluator(view.value());
    (void)run_golden_rows(view.value(), evaluator);
    std::vector<double> row(view.value().facts.features, 0.25);
    (void)evaluator.predict(row);
    row.front() = std::numeric_limits<double>::quiet_NaN();
    (void)evaluator.predict(row);
    return 0;
}
