#include "appcore/api/request_id.hpp"

#include <algorithm>
#include <array>
#include <bit>

#include "appcore/system/digest.hpp"

namespace appcore::api {

bool is_sane_request_id(std::string_view id) {
    return !id.empty() && id.size() <= kRequestIdLimit &&
           std::all_of(id.begin(), id.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

system::Uuid id_of_failed(std::string_view key) {
    return system::Uuid(std::bit_cast<std::array<unsigned char, 16>>(system::digest(key)));
}

RequestId::RequestId(const http::Request& request, system::IdSource& ids) {
    const auto sent = request.header(http::Header::x_request_id);
    if (sent && is_sane_request_id(*sent)) {
        sent_ = *sent;
    } else if (request.error_status != 0 && !request.key.empty()) {
        made_ = id_of_failed(request.key);
    } else {
        made_ = ids.next();
    }
}

}  // namespace appcore::api
