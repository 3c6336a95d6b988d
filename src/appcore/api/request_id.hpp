// The id by which client, log and support speak of one request.
#pragma once

#include <optional>
#include <string_view>

#include "appcore/http/request.hpp"
#include "appcore/system/ids.hpp"

namespace appcore::api {

constexpr std::size_t kRequestIdLimit = 128;  // characters; longer ones only fill logs

// Whether a client's X-Request-ID is echoed: 1 to 128 characters of printable ASCII. Anything else
// is replaced, since it ends up in headers, logs and terminals.
[[nodiscard]] bool is_sane_request_id(std::string_view id);

// The id of a request that is answered because nobody else could: whoever was to answer it may have
// named it already, in its last words (guard/last_words.hpp). `key` is nginx's name of the request.
[[nodiscard]] system::Uuid id_of_failed(std::string_view key);

// The client's id where it is sane, a UUID4 otherwise: a new one, or id_of_failed() where nginx
// asks for the reply to an error.
class RequestId {
  public:
    // Refers to the request's bytes.
    RequestId(const http::Request& request, system::IdSource& ids);
    [[nodiscard]] std::string_view text() const { return made_ ? made_->text() : sent_; }

  private:
    std::string_view sent_;
    std::optional<system::Uuid> made_;
};

}  // namespace appcore::api
