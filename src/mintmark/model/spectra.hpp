// Largest singular values of weight matrices: how much longer a product can be than the row that is
// multiplied.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <vector>

namespace mintmark::model {

/// Upper bounds of |diag(gains) W|_2 for the weights of layers; each matrix is looked at once,
/// whatever the gains.
class Spectra {
  public:
    /// `weight` is [gains.size(), m], row-major, the layer's own; gains are not negative. Nothing
    /// for matrices that would take too long.
    [[nodiscard]] std::optional<double> bound(std::size_t layer, std::span<const double> weight,
                                              std::span<const double> gains);

  private:
    struct Known {
        std::vector<double> gains;
        double norm = 0;
    };
    std::map<std::size_t, Known> known_;
};

}  // namespace mintmark::model
