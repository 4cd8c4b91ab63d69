// G of Winograd's convolution, for the plain kernels and the vector ones: both transform weights in double precision.
// Gᵀ takes the gradient of the transformed weights back to that of the nine.
#pragma once

static const double winograd_g2[4][3] = {{-1, 0, 0}, {.5, .5, .5}, {.5, -.5, .5}, {0, 0, 1}};
static const double winograd_g3[5][3] = {
    {-256. / 273, -32. / 91, -12. / 91},
    {256. / 273, -32. / 91, 12. / 91},
    {128. / 455, 32. / 91, 40. / 91},
    {-128. / 455, 32. / 91, -40. / 91},
    {0, 0, 1},
};
static const double winograd_g4[6][3] = {
    {64. / 81, 0, 0},
    {-128. / 243, -32. / 81, -8. / 27},
    {-128. / 243, 32. / 81, -8. / 27},
    {32. / 243, 16. / 81, 8. / 27},
    {32. / 243, -16. / 81, 8. / 27},
    {0, 0, 1},
};

static inline const double (*winograd_g(size_t m))[3] { return m == 2 ? winograd_g2 : m == 3 ? winograd_g3 : winograd_g4; }
