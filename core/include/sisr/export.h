/// Symbol visibility of the shared library; everything else is hidden.
#pragma once

#if defined(__GNUC__)
#define SISR_API __attribute__((visibility("default")))
#else
#define SISR_API
#endif
