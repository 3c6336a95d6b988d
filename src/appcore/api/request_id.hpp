// The id by which client, log and support speak of one request.
#pragma once

#include <optional>
#include <string_view>

#include "appcore/system/ids.hpp"

namespace appcore::api {

constexpr std::size_t kRequestIdLimit = 128;  // characters; longer ones only fill logs

// Whether a client's X-Request-ID is echoed: 1 to 128 characters of printable ASCII. Anything else
// is replaced, since it ends up in headers, logs and terminals.
[[nodiscard]] bool is_sane_request_id(std::string_view id);

// The client's id where it is sane, a new UUID4 otherwise.
class RequestId {
  public:
    // Refers to the bytes of `sent`.
    RequestId(std::optional<std::string_view> sent, system::IdSource& ids);
    [[nodiscard]] std::string_view text() const { return made_ ? made_->text() : sent_; }

  private:
    std::string_view sent_;
    std::optional<system::Uuid> made_;
};

}  // namespace appcore::api
