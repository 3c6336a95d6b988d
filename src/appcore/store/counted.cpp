#include "appcore/store/counted.hpp"

#include <algorithm>
#include <chrono>
#include <ctime>

#include "appcore/store/slot_content.hpp"
#include "appcore/store/slot_file.hpp"
#include "appcore/store/slot_image.hpp"

namespace appcore::store {
namespace {

using std::chrono::nanoseconds;
constexpr nanoseconds kNoTime{0};
constexpr nanoseconds kPause = std::chrono::milliseconds(1);
constexpr nanoseconds kLongestDeath = std::chrono::milliseconds(100);  // on a machine that is busy

bool has_key(const SlotImage& image, const RequestKey& key) {
    const LayoutMap& map = *image.layout;
    for (std::size_t i = 0; i < map.key_count; ++i) {
        const std::size_t at = map.keys + 2 * i;
        if (RequestKey{{image.words[at], image.words[at + 1]}} == key) return true;
    }
    return false;
}

// Whether the slot says so. Its connections are closed, and the request repeated, an instant before
// a dying process gives up its lock.
bool is_counted_in(int directory, const std::string& name, const RequestKey& key) {
    for (auto waited = kNoTime;; waited += kPause) {
        const bool is_held = is_slot_held(directory, name);
        const SlotReading reading = read_slot(directory, slot_file(name));
        if (reading.state != SlotState::intact) return false;
        if (has_key(reading.image, key)) return true;
        if (pending_key(reading.image) != key) return false;
        if (!is_held || waited >= kLongestDeath) return !is_held;
        const timespec pause = {0, kPause.count()};
        ::nanosleep(&pause, nullptr);
    }
}

}  // namespace

bool already_counted(const std::string& state_directory, const RequestKey& key) {
    if (key.empty()) return false;
    const Result<system::FileDescriptor> directory = open_state_directory(state_directory);
    if (!directory) return false;
    const Result<std::vector<std::string>> names = list_slots(directory.value().get());
    return names && std::ranges::any_of(names.value(), [&](const std::string& name) {
               return is_counted_in(directory.value().get(), name, key);
           });
}

}  // namespace appcore::store
