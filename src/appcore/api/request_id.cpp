#include "appcore/api/request_id.hpp"

#include <algorithm>

namespace appcore::api {

bool is_sane_request_id(std::string_view id) {
    return !id.empty() && id.size() <= kRequestIdLimit &&
           std::all_of(id.begin(), id.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

RequestId::RequestId(std::optional<std::string_view> sent, system::IdSource& ids) {
    if (sent && is_sane_request_id(*sent)) {
        sent_ = *sent;
    } else {
        made_ = ids.next();
    }
}

}  // namespace appcore::api
