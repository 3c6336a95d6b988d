#include "appcore/fcgi/reply.hpp"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <span>

#include "appcore/http/status.hpp"

namespace appcore::fcgi {
namespace {

constexpr std::size_t kHeaderSize = 8;
constexpr std::size_t kLargestContent = 65'528;  // of a record; a multiple of 8 needs no padding
constexpr std::size_t kRecordsAtOnce = 16;       // a megabyte: more than a socket holds
constexpr unsigned char kVersion = 1;
constexpr unsigned char kEndRequest = 3;
constexpr unsigned char kStdout = 6;

using RecordHeader = std::array<unsigned char, kHeaderSize>;

RecordHeader record_header(unsigned char type, std::uint16_t id, std::size_t content) {
    const auto high = [](std::size_t number) { return static_cast<unsigned char>(number >> 8U); };
    const auto low = [](std::size_t number) { return static_cast<unsigned char>(number & 0xffU); };
    return {kVersion, type, high(id), low(id), high(content), low(content), 0, 0};
}

void append_number(std::string& out, std::size_t value) {
    std::array<char, 20> digits{};
    out.append(digits.data(), std::to_chars(digits.begin(), digits.end(), value).ptr);
}

iovec part(const void* bytes, std::size_t size) {
    return {const_cast<void*>(bytes), size};  // NOLINT: sendmsg() only reads
}

// Removes what has been sent from the front.
std::span<iovec> skip(std::span<iovec> parts, std::size_t sent) {
    while (!parts.empty() && sent >= parts.front().iov_len) {
        sent -= parts.front().iov_len;
        parts = parts.subspan(1);
    }
    if (!parts.empty()) {
        parts.front().iov_base = static_cast<char*>(parts.front().iov_base) + sent;
        parts.front().iov_len -= sent;
    }
    return parts;
}

// False if the peer takes no more; `taken` is whether it has taken anything.
bool send_all(int socket, std::span<iovec> parts, bool& taken) {
    for (parts = skip(parts, 0); !parts.empty();) {
        msghdr message = {};
        message.msg_iov = parts.data();
        message.msg_iovlen = parts.size();
        const ssize_t sent = ::sendmsg(socket, &message, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) return false;
        taken = true;
        parts = skip(parts, static_cast<std::size_t>(sent));
    }
    return true;
}

// Takes up to `size` bytes from the front of `text`.
iovec take(std::string_view& text, std::size_t size) {
    const std::string_view front = text.substr(0, size);
    text.remove_prefix(front.size());
    return part(front.data(), front.size());
}

}  // namespace

void write_head(const http::Response& response, std::string& head) {
    head.assign("Status: ");
    append_number(head, static_cast<std::size_t>(response.status()));
    head.append(" ").append(http::reason_phrase(response.status()));
    head.append("\r\n").append(response.headers()).append("Content-Length: ");
    append_number(head, response.body.size());
    head.append("\r\n\r\n");
}

Delivery send_reply(int socket, std::uint16_t id, std::string_view head, std::string_view body) {
    // The end of the stream, then FCGI_REQUEST_COMPLETE with status 0.
    std::array<unsigned char, 3 * kHeaderSize> end{};
    std::ranges::copy(record_header(kStdout, id, 0), end.begin());
    std::ranges::copy(record_header(kEndRequest, id, kHeaderSize), end.begin() + kHeaderSize);
    std::array<RecordHeader, kRecordsAtOnce> headers{};
    std::array<iovec, 3 * kRecordsAtOnce + 1> parts{};
    bool taken = false;
    while (!head.empty() || !body.empty()) {
        std::size_t count = 0;
        for (RecordHeader& header : headers) {
            const std::size_t size = std::min(head.size() + body.size(), kLargestContent);
            if (size == 0) break;
            header = record_header(kStdout, id, size);
            parts[count++] = part(header.data(), header.size());
            const iovec from_head = parts[count++] = take(head, size);
            parts[count++] = take(body, size - from_head.iov_len);
        }
        if (head.empty() && body.empty()) parts[count++] = part(end.data(), end.size());
        if (!send_all(socket, std::span(parts).first(count), taken)) {
            return taken ? Delivery::partial : Delivery::refused;
        }
    }
    return Delivery::whole;
}

}  // namespace appcore::fcgi
