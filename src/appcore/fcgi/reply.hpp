// A reply as it goes over the wire (FastCGI specification, 3.3, 5.3 and 5.5).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "appcore/http/response.hpp"

namespace appcore::fcgi {

// How much of a reply the kernel has taken for the peer.
enum class Delivery : unsigned char {
    none,     // there was no reply to send
    whole,    // all of it
    partial,  // the peer has a beginning of it, and will get no more
    refused   // not one byte: the peer has closed the connection or reads nothing
};

// Replaces `head` by the CGI header block of the response (RFC 3875, 6.3), with Content-Length.
void write_head(const http::Response& response, std::string& head);

// Sends head and body as the whole reply to the request `id`, in one system call where the socket
// has room for them (some 200 KB): a process that is killed leaves such a reply whole or not begun,
// and of one that is not begun the web server asks another. Blocks as long as the socket's timeout
// allows without progress. Allocates nothing and raises no SIGPIPE.
[[nodiscard]] Delivery send_reply(int socket, std::uint16_t id, std::string_view head,
                                  std::string_view body);

}  // namespace appcore::fcgi
