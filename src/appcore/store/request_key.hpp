// The identity of one request as nginx names it, for telling a repeated request from a new one.
#pragma once

#include <optional>
#include <string_view>

#include "appcore/system/clock.hpp"
#include "appcore/system/digest.hpp"

namespace appcore::store {

// What remains of the name that nginx gives a request ($appcore_request_key in deploy/nginx.conf):
// any text. No key has a zero as its first word, so that a key in shared memory can be removed by
// one store.
struct RequestKey {
    system::Digest words{};

    [[nodiscard]] bool empty() const { return words[0] == 0; }
    friend bool operator==(const RequestKey&, const RequestKey&) = default;
};

// No key for a request without a name.
[[nodiscard]] constexpr RequestKey request_key(std::string_view name) {
    if (name.empty()) return {};
    RequestKey key{system::digest(name)};
    if (key.empty()) key.words[0] = 1;
    return key;
}

// When the web server named the request, which is when it had all of it: the name begins with its
// clock, "1795421208.675-". Nothing for other texts.
[[nodiscard]] std::optional<system::WallTime> time_of_request(std::string_view name);

}  // namespace appcore::store
