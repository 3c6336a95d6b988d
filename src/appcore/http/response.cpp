#include "appcore/http/response.hpp"

#include <algorithm>

namespace appcore::http {
namespace {

bool is_control(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7f;
}

void reuse(std::string& buffer) {
    if (buffer.capacity() > Response::kKeptCapacity) {
        std::string().swap(buffer);
    } else {
        buffer.clear();
    }
}

}  // namespace

void Response::add_header(std::string_view name, std::string_view value) {
    headers_.append(name).append(": ");
    if (std::none_of(value.begin(), value.end(), is_control)) {
        headers_.append(value);
    } else {
        std::copy_if(value.begin(), value.end(), std::back_inserter(headers_),
                     [](char c) { return !is_control(c); });
    }
    headers_.append("\r\n");
}

void Response::set(int status, std::string_view content_type, std::string_view text) {
    status_ = status;
    add_header("Content-Type", content_type);
    body.assign(text);
}

void Response::clear() {
    status_ = 200;
    body_omitted_ = false;
    reuse(headers_);
    reuse(body);
}

}  // namespace appcore::http
