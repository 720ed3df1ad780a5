export type Post = {
  slug: string
  title: string
  about: string
  author: string
  date: string
  picture: string
  pictureAlt: string
  text: readonly string[]
}

/** Newest first. */
export const posts: readonly Post[] = [
  {
    slug: 'the-comet-supper',
    title: 'The comet supper',
    about: 'We put out the street lamps. Both of them.',
    author: 'Ines, at the observatory',
    date: '2026-10-16',
    picture: 'comet.jpg',
    pictureAlt: 'A comet above the red dome of the observatory',
    text: [
      'The comet had been in the newspapers for a month and in our fog for most of it. On Friday the wind went round to the north, the sky came out washed, and by four in the afternoon somebody had carried the first bench up the hill.',
      'There was no plan, which on Ostrey means that there was soup. Joost brought the big pot in the wheelbarrow. The Tide House brought its guests, wrapped in the good blankets. At half past seven the harbour office put out the street lamps. Both of them. The keeper asked whether she should do the same with the lantern and was told, kindly, no: ships before comets.',
      'So we had the beam too, coming round every nine seconds like somebody at a party with a tray. You learn to look between. In the dark stretch you saw it, low in the west, the head no bigger than a pea and the tail leaning away from the sun as long as your hand held out.',
      'The telescope had a queue. Old Hanne went first, as she saw the last one, in 1957, from the same spot and with the same opinion. “Smaller,” she said, and then looked for eleven minutes while nobody hurried her.',
      'It will not come back for six thousand years. We have kept the bench up there all the same. The washing-up was done by half past one, the lamps were lit again, and on the way down you could hear the whole island telling itself what it had just seen.',
    ],
  },
  {
    slug: 'fog-signal',
    title: 'What the fog signal says',
    about: 'Two long, one short, and the kettle goes on.',
    author: 'Marit, at the lantern',
    date: '2026-09-03',
    picture: 'fog.jpg',
    pictureAlt: 'The ferry feeling its way through fog below the lighthouse',
    text: [
      'People ask whether the fog signal keeps us awake. It is the other way round: it is when it stops that everyone sits up.',
      'Officially it says one thing. Two long and one short, every ninety seconds: this is Ostrey, do not come closer than you can afford. You can look it up in the list of lights, where we are a single line between a wreck and a sandbank.',
      'Unofficially it says a good deal more. It says that the morning boat will be late, so the bakery may let the second batch rise. It says that the children from the south end may stay at school for soup. It tells anyone with a boat on the slip that there is time for the job that always waits for fog, and in every kitchen a kettle goes on, because whoever is out walking will follow the nearest wall and come in.',
      'Last Tuesday it went on for thirty-one hours. By the second evening we had stopped hearing it and started breathing with it. The Petrel came in at a walking pace with the purser on the bow, ringing a handbell he had borrowed from a cow.',
      'Then, a little after nine, nothing. Doors opened. There was the moon, there was the pier, and there were all of us in our slippers, looking at each other as if we had been away.',
    ],
  },
  {
    slug: 'counting-seals',
    title: 'Counting seals badly',
    about: 'A hundred and twelve, or possibly a hundred and nine.',
    author: 'Joost, mostly ashore',
    date: '2026-07-21',
    picture: 'feed-cover.jpg',
    pictureAlt: 'Seals resting on a rock, two more heads in the water',
    text: [
      'The count takes place on the third Sunday of July, at low water, from three boats. It has been held since 1962 and has not once come out the same for all three.',
      'The trouble is that a seal on a rock is a rock. It becomes a seal only when it is bored with you, and then it is in the water, where it becomes two or three seals, one after another, in different places. My grandfather’s method was to count the noses and add the sneezes.',
      'We do it properly now. There is a form. You drift, you do not row; you whisper; you take a photograph every minute so that someone in Kelsund can count again in January with a cup of something. This year I shared a boat with two students who had been trained for it. They had clickers. By the third skerry they were laughing so hard, soundlessly, that the boat shook, because a young one had come up right beside us and was counting them.',
      'Boat one had a hundred and twelve. Boat two had a hundred and nine. We had ninety-four and a very good look at one of them.',
      'The form has a box for remarks. In it I wrote what is there every year, in different hands, all the way back: they seem well.',
    ],
  },
  {
    slug: 'force-nine',
    title: 'Force nine, with cake',
    about: 'The blue flag came down at noon and the boats stayed in.',
    author: 'Ruth, harbour office',
    date: '2026-03-11',
    picture: 'storm.jpg',
    pictureAlt: 'Steep seas and spray before the lit lighthouse',
    text: [
      'I lowered the blue flag at noon on Wednesday. It is a small flag and it takes two hands. When it is down no boat goes out, nobody comes in, and nineteen people at the Tide House find out that they are staying until Friday.',
      'There is a way of telling them. You do not say storm. You say that the Tystie will be resting, that there is cake at four, and would anyone mind helping with the shutters. People take bad news well if it comes with a screwdriver.',
      'By three the spray was over the pier lamp. By five it was over the office, and the sound had gone down from a roar into something you feel in the table. Up at the lantern Marit wrote a nine in the log, underlined it, and tied the door shut with the rope we keep for tying the door shut.',
      'And there was cake at four. A man who had come for one night to see a bird read aloud from a novel about a desert. A girl of six won eleven games of draughts. Somebody found the accordion, and then somebody else, mercifully, found the strap was broken.',
      'On Friday the sea was flat and looked as if it had no idea what we meant. I put up the flag. Seventeen of the nineteen took the boat. The other two are still painting my shutters.',
    ],
  },
  {
    slug: 'bread-by-lamplight',
    title: 'Bread by lamplight',
    about: 'The bakery opens when the lantern goes out, which is a moving target.',
    author: 'Tom, at the ovens',
    date: '2026-01-08',
    picture: 'bakery.jpg',
    pictureAlt: 'The lit window of the bakery with loaves on two shelves',
    text: [
      'The sign on my door says that we open when the lantern goes out. Visitors think it is poetry. It is only that the keeper wants her rolls on the way down, and I gave up arguing with the sun.',
      'In June that means four in the morning, which I do not recommend. In January it means a quarter to nine, and half the island is already in the lane, in the dark, with its collar up, watching the window as if it were a play.',
      'There are two loaves. The grey one is rye with a little seawater in place of salt; it keeps for nine days and has been used to hold a hatch. The white one is for Saturday. I have been asked for a third and am thinking it over. I have been thinking it over since 2011.',
      'What I did not expect, when I came, was how much a baker hears. Nobody is guarded before breakfast. I know who is building a boat and has not said so at home. I know which two are going to marry, and I think I know it before they do, since they have begun to buy one loaf.',
      'At a quarter to nine the beam comes round one last time, over the roofs, and does not come again. I turn the sign. Someone always says good morning to the lamp.',
    ],
  },
]

export const findPost = (slug: string): Post | undefined => posts.find((post) => post.slug === slug)

export function searchPosts(query: string): readonly Post[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0) return []
  return posts.filter((post) => {
    const all = [post.title, post.about, post.author, ...post.text].join(' ').toLowerCase()
    return words.every((word) => all.includes(word))
  })
}

const format = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' })
export const showDate = (date: string): string => format.format(new Date(date))
