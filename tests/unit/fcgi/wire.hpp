// FastCGI records as they go over the wire (FastCGI specification, 3.3 and 8), for tests that speak
// to a connection byte by byte.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace wire {

enum Type : unsigned char { begin = 1, abort = 2, end = 3, params = 4, in = 5, out = 6, err = 7 };

inline std::string record(Type type, std::string_view content, unsigned char padding = 0) {
    std::string bytes = {1,
                         static_cast<char>(type),
                         0,
                         1,
                         static_cast<char>(content.size() >> 8U),
                         static_cast<char>(content.size() & 0xffU),
                         static_cast<char>(padding),
                         0};
    bytes.append(content);
    return bytes.append(padding, '\0');
}

inline std::string begin_request(bool keep) {
    return record(begin, std::string({0, 1, static_cast<char>(keep), 0, 0, 0, 0, 0}));
}

inline std::string pair(std::string_view name, std::string_view value) {
    std::string bytes;
    for (const std::string_view text : {name, value}) {
        if (text.size() < 128) {
            bytes.push_back(static_cast<char>(text.size()));
        } else {
            for (const unsigned shift : {24U, 16U, 8U, 0U}) {
                bytes.push_back(static_cast<char>((text.size() >> shift) & 0xffU));
            }
            bytes[bytes.size() - 4] = static_cast<char>(bytes[bytes.size() - 4] | '\x80');
        }
    }
    return bytes.append(name).append(value);
}

using Pairs = std::vector<std::pair<std::string_view, std::string_view>>;

// A whole request in records of at most `chunk` bytes with `padding` behind each. The empty records
// that end a stream have none: libfcgi does not skip it there, and no web server sends it.
inline std::string request(const Pairs& pairs, std::string_view body, bool keep = false,
                           std::size_t chunk = 65000, unsigned char padding = 0) {
    std::string all;
    for (const auto& [name, value] : pairs) all.append(pair(name, value));
    std::string bytes = begin_request(keep);
    for (; !all.empty(); all.erase(0, chunk)) {
        bytes.append(record(params, std::string_view(all).substr(0, chunk), padding));
    }
    bytes.append(record(params, ""));
    for (; !body.empty(); body.remove_prefix(std::min(chunk, body.size()))) {
        bytes.append(record(in, body.substr(0, chunk), padding));
    }
    return bytes.append(record(in, ""));
}

// The content of all stdout records in `bytes`, which hold one whole reply and nothing else.
inline std::string reply(std::string_view bytes) {
    std::string content;
    while (bytes.size() >= 8) {
        const std::size_t size =
            static_cast<unsigned char>(bytes[4]) * 256U + static_cast<unsigned char>(bytes[5]);
        const std::size_t padding = static_cast<unsigned char>(bytes[6]);
        if (bytes[1] == out) content.append(bytes.substr(8, size));
        bytes.remove_prefix(std::min(bytes.size(), 8 + size + padding));
    }
    return content;
}

}  // namespace wire
