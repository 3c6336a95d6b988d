#include "appcore/json/document.hpp"

namespace appcore::json {

Kind Document::kind(Index node) const {
    switch (text_[nodes_[node].begin]) {
        case '[':
            return Kind::array;
        case '{':
            return Kind::object;
        case '"':
            return Kind::string;
        case 'n':
            return Kind::null;
        case 't':
        case 'f':
            return Kind::boolean;
        case 'N':
        case 'I':
            return Kind::constant;
        default:
            return literal(node).ends_with('y') ? Kind::constant : Kind::number;  // -Infinity
    }
}

void Document::add_literal(std::size_t begin, std::size_t length) {
    nodes_.push_back({static_cast<Index>(begin), static_cast<Index>(length)});
}

Document::Index Document::open(std::size_t begin) {
    nodes_.push_back({static_cast<Index>(begin), 1});
    return static_cast<Index>(nodes_.size() - 1);
}

void Document::close(Index container) {
    nodes_[container].extent = static_cast<Index>(nodes_.size()) - container;
}

}  // namespace appcore::json
