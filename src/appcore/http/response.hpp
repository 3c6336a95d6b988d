// An HTTP response under construction. One object serves many requests: clear() keeps the memory,
// so that a reply of usual size allocates nothing.
#pragma once

#include <string>
#include <string_view>

namespace appcore::http {

class Response {
  public:
    // The body, to be written to directly.
    std::string body;

    void set_status(int status) { status_ = status; }
    [[nodiscard]] int status() const { return status_; }

    // Appends a header. Control characters in the value (but the tab) are left out, so that no
    // value can end its line (RFC 9110, section 5.5); the name is one of ours.
    void add_header(std::string_view name, std::string_view value);

    // All headers so far, each as "Name: value\r\n".
    [[nodiscard]] const std::string& headers() const { return headers_; }

    // Content-Length is written by the transport from the body's size; a reply to HEAD keeps that
    // length and loses the body.
    void omit_body() { body_omitted_ = true; }
    [[nodiscard]] bool body_omitted() const { return body_omitted_; }

    // Sets status, Content-Type and body in one go.
    void set(int status, std::string_view content_type, std::string_view text);

    // Forgets everything. Memory beyond `kKeptCapacity` is given back, so that one large reply does
    // not stay with the process.
    void clear();

    static constexpr std::size_t kKeptCapacity = 64 * 1024;  // many times a usual reply

  private:
    int status_ = 200;
    bool body_omitted_ = false;
    std::string headers_;
};

inline constexpr std::string_view kJson = "application/json";
inline constexpr std::string_view kHtml = "text/html; charset=utf-8";
inline constexpr std::string_view kPlainText = "text/plain; charset=utf-8";

}  // namespace appcore::http
