package line

const second = 2
