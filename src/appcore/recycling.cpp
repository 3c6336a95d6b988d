#include "appcore/recycling.hpp"

#include <charconv>
#include <string>

namespace appcore {

std::uint64_t recycle_after(std::uint64_t max_requests, system::IdSource& ids) {
    const std::uint64_t tenth = max_requests / 10;
    if (tenth == 0) return max_requests;
    const std::string id(ids.next().text().substr(0, 8));  // eight random digits
    std::uint32_t random = 0;
    std::from_chars(id.data(), id.data() + id.size(), random, 16);
    return max_requests - tenth + random % (2 * tenth + 1);
}

}  // namespace appcore
