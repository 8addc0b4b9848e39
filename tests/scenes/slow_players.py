#!/usr/bin/env python3
"""Other people's players for a minute in every mode: what scene_players and scene_vod do in less."""
from harness import main
from scene_players import play_live
from scene_vod import play_finished_shows

SECONDS = 60


def scene_a_minute_of_segments():
    play_live(SECONDS, ("plain",))


def scene_a_minute_of_mpeg_ts():
    play_live(SECONDS, ("ts",))


def scene_a_minute_of_parts():
    play_live(SECONDS, ("low",))


def scene_a_minute_of_finished_shows():
    play_finished_shows(SECONDS)


if __name__ == "__main__":
    main()
