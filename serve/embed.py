# Turns a text file into a C string constant: embed.py INPUT OUTPUT NAME
import sys

source, target, name = sys.argv[1:]
with open(source, encoding="utf-8") as file:
    lines = file.readlines()
with open(target, "w", encoding="utf-8") as file:
    file.write(f"extern const char {name}[];\nconst char {name}[] =\n")
    for line in lines:
        text = line.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        file.write(f'    "{text}"\n')
    file.write("    ;\n")
