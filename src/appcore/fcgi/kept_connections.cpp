#include "appcore/fcgi/kept_connections.hpp"

#include <utility>

namespace appcore::fcgi {

void KeptConnections::put(OwnedConnection connection) {
    if (count_ == kLimit) close_oldest();
    const auto at = static_cast<std::size_t>(connection->descriptor());
    if (at >= by_descriptor_.size()) by_descriptor_.resize(at + 1);
    by_descriptor_[at] = {std::move(connection), ++puts_};
    ++count_;
}

KeptConnections::OwnedConnection KeptConnections::take(int descriptor) {
    const auto at = static_cast<std::size_t>(descriptor);
    if (at >= by_descriptor_.size() || !by_descriptor_[at].connection) return nullptr;
    --count_;
    return std::move(by_descriptor_[at].connection);
}

KeptConnections::OwnedConnection KeptConnections::take_any() {
    for (const Entry& entry : by_descriptor_) {
        if (entry.connection) return take(entry.connection->descriptor());
    }
    return nullptr;
}

bool KeptConnections::close_oldest() {
    const Entry* oldest = nullptr;
    for (const Entry& entry : by_descriptor_) {
        if (entry.connection && (oldest == nullptr || entry.put_at < oldest->put_at)) {
            oldest = &entry;
        }
    }
    return oldest != nullptr && take(oldest->connection->descriptor()) != nullptr;
}

void KeptConnections::close_silent() {
    for (const Entry& entry : by_descriptor_) {
        if (entry.connection && !entry.connection->is_fresh() &&
            entry.connection->state() == Connection::State::silent) {
            static_cast<void>(take(entry.connection->descriptor()));
        }
    }
}

}  // namespace appcore::fcgi
