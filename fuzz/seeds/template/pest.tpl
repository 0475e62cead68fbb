ptf ~
k ~  k   ~ ~n   ~
~   N        ~
