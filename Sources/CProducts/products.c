#include "CProducts.h"
