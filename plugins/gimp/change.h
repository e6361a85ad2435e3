/// A change of an image that is made as a whole or not at all.
#pragma once

#include "host.h"

#include <memory>
#include <utility>
#include <vector>

namespace sisr::gimp {

/// From its start to its end all is one step of undo. Unless it is kept, its end puts the image
/// back as it was when it began: plug-ins cannot call GIMP's undo.
class Change {
public:
    /// Throws Failure where GIMP refuses to remember the image.
    explicit Change(Id image);
    ~Change();
    Change(const Change&) = delete;
    Change& operator=(const Change&) = delete;

    void keep() { is_kept_ = true; }

private:
    Id image_;
    Id copy_;  ///< the image as it was
    bool is_kept_ = false;
};

/// While alive, nothing of what is given, or of the groups that it is in, is locked.
class Unlocked {
public:
    explicit Unlocked(const std::vector<Id>& items);
    ~Unlocked();
    Unlocked(const Unlocked&) = delete;
    Unlocked& operator=(const Unlocked&) = delete;

private:
    std::vector<std::pair<Id, Locks>> locked_;
};

/// Throws Failure, with GIMP's reason where it has one, unless `success`.
void require(bool success, const char* what);

/// Replaces all pixels of a layer, mask or channel of the same size at once: a process that is
/// killed has changed all of them or none. Inside of the selection only, where there is one. Throws
/// Failure where GIMP refuses.
void replace_pixels(Id drawable, GeglBuffer* pixels);

}  // namespace sisr::gimp
