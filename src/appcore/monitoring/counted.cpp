#include "appcore/monitoring/counted.hpp"

#include <algorithm>

#include "appcore/monitoring/slot_file.hpp"
#include "appcore/monitoring/slot_image.hpp"

namespace appcore::monitoring {
namespace {

bool has_key(const SlotImage& image, const RequestKey& key) {
    const LayoutMap& map = *image.layout;
    for (std::size_t i = 0; i < map.key_count; ++i) {
        const std::size_t at = map.keys + 2 * i;
        if (RequestKey{{image.words[at], image.words[at + 1]}} == key) return true;
    }
    return false;
}

}  // namespace

bool already_counted(const std::string& state_directory, const RequestKey& key) {
    if (key.empty()) return false;
    const Result<system::FileDescriptor> directory = open_state_directory(state_directory);
    if (!directory) return false;
    const Result<std::vector<std::string>> names = list_slots(directory.value().get());
    if (!names) return false;
    return std::ranges::any_of(names.value(), [&](const std::string& name) {
        const SlotReading reading = read_slot(directory.value().get(), slot_file(name));
        return reading.state == SlotState::intact && has_key(reading.image, key);
    });
}

}  // namespace appcore::monitoring
