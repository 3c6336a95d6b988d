// The identity of one request as nginx names it, for telling a repeated request from a new one.
#pragma once

#include <string_view>

#include "appcore/system/digest.hpp"

namespace appcore::monitoring {

// What remains of the name that nginx gives a request ($appcore_request_key in deploy/nginx.conf):
// any text. All zero means: no key.
struct RequestKey {
    system::Digest words{};

    [[nodiscard]] bool empty() const { return words[0] == 0 && words[1] == 0; }
    friend bool operator==(const RequestKey&, const RequestKey&) = default;
};

// No key for a request without a name.
[[nodiscard]] constexpr RequestKey request_key(std::string_view name) {
    return name.empty() ? RequestKey{} : RequestKey{system::digest(name)};
}

}  // namespace appcore::monitoring
